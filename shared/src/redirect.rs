//! Addresses that a redirect may lead to: paths on this server and nothing else (CWE-601, open redirect).

/// The longest address that is put into a `Location`, in bytes: proxies before Keyhold have little room for headers.
pub const LONGEST: usize = 2_000;

/// Returns a path on this server as given, or `/`: never the address of another site, in any spelling that browsers
/// read as one. `//host` is another site; browsers read a backslash as a slash, and leave out white space. A path with a
/// segment of dots is none either: browsers resolve it to a page that a look at its beginning would not tell.
pub fn local_path(next: &str) -> &str {
    let local = next.len() <= LONGEST
        && next.starts_with('/')
        && !next.starts_with("//")
        && !next
            .chars()
            .any(|char| char.is_control() || char == '\\' || char.is_whitespace())
        && !has_dots(next);
    if local { next } else { "/" }
}

/// Returns whether the path of an address has a segment that browsers take for its folder or the one above it.
fn has_dots(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let is_dots = |part: &str| {
        let plain = part.to_ascii_lowercase().replace("%2e", ".");
        matches!(&*plain, "." | "..")
    };
    path.split('/').any(is_dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_on_this_server() {
        for local in [
            "/",
            "/preferences/api-control?q=a%20b&page=2",
            "/preferences/api-control/kh_0",
            "/a.b/..c/...",
            "/a?next=/../b#/../c",
        ] {
            assert_eq!(local_path(local), local);
        }
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "evil",
            "/a\\b",
            "/operator/../preferences/account",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/./a",
            "/..",
        ] {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(LONGEST))), "/");
    }
}
