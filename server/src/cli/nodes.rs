//! `keyhold nodes`: the nodes on a PostgreSQL database.

use std::fmt::Write;

use vault::{Listing, OpenError};

use crate::config::commands::Nodes;

/// Lists the nodes.
///
/// # Errors
/// Those of the vault.
pub async fn run(command: &Nodes) -> Result<String, OpenError> {
    let Some(nodes) = vault::nodes(&command.database.database_url).await? else {
        return Ok("SQLite has one process and no nodes\n".to_owned());
    };
    Ok(table(&nodes))
}

fn table(nodes: &[Listing]) -> String {
    let mut text = format!(
        "{:<37} {:<9} {:<21} {:>7} {:>9} {:>9}\n",
        "id", "version", "address", "lag", "lease", "skew"
    );
    for node in nodes {
        let lease = match node.lease_ms {
            None => "loads".to_owned(),
            Some(rest) if rest <= 0 => "over".to_owned(),
            Some(rest) => format!("{}.{} s", rest / 1000, rest % 1000 / 100),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<37} {:<9} {:<21} {:>7} {lease:>9} {:>6} ms",
            node.id, node.version, node.address, node.lag, node.skew_ms
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_a_line() {
        let node = |address: &str, lag, lease_ms| Listing {
            id: "node_0123".to_owned(),
            version: "0.1.0".to_owned(),
            address: address.to_owned(),
            lag,
            lease_ms,
            skew_ms: -3,
        };
        let text = table(&[
            node("10.0.0.1:3000", 0, Some(29_870)),
            node("10.0.0.2:3000", 7, Some(-12)),
            node("10.0.0.3:3000", 9, None),
        ]);
        let words: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().skip(2).collect())
            .collect();
        assert_eq!(words[0], ["address", "lag", "lease", "skew"]);
        assert_eq!(words[1], ["10.0.0.1:3000", "0", "29.8", "s", "-3", "ms"]);
        assert_eq!(words[2], ["10.0.0.2:3000", "7", "over", "-3", "ms"]);
        assert_eq!(words[3], ["10.0.0.3:3000", "9", "loads", "-3", "ms"]);
    }
}
