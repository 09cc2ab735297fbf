//! Addresses with passwords, as people may see them.

use form_urlencoded::parse;

/// Stands for a password.
const MASK: &str = "***";

/// Parameters that hold no secret. A private key may stand in `sslkey`.
const SHOWN: [&str; 8] = [
    "application_name",
    "dbname",
    "host",
    "port",
    "sslmode",
    "sslrootcert",
    "tls",
    "user",
];

/// Returns the address of a mail server or a database with `***` in place of a password. One that is not plainly an address
/// is hidden as a whole: any part of it may be a piece of the password.
pub fn masked(text: &str) -> String {
    readable(text).unwrap_or_else(|| "hidden".to_owned())
}

/// Returns whether an address holds a password.
pub fn has_password(text: &str) -> bool {
    readable(text).map_or_else(|| text.contains('@'), |shown| shown != text)
}

fn readable(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    // A character of a password that is not encoded moves the rest of it to where an address has something else.
    if text.contains('#') || query.is_some_and(|query| query.contains('@')) {
        return None;
    }
    let place = match place.rsplit_once('@') {
        None => place.to_owned(),
        Some((login, host)) => match login.split_once(':') {
            None => format!("{login}@{host}"),
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
        },
    };
    let query = query.map(|query| {
        let pairs = query.split('&').map(|pair| {
            let name = parse(pair.as_bytes()).next().map(|(name, _)| name);
            match (pair.split_once('='), name) {
                (Some((written, _)), Some(name)) if !SHOWN.contains(&&*name) => {
                    format!("{written}={MASK}")
                }
                _ => pair.to_owned(),
            }
        });
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    });
    Some(format!("{scheme}://{place}{}", query.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        for (text, shown) in [
            ("sqlite://data/keyhold.db", "sqlite://data/keyhold.db"),
            ("smtp://mail.example.com:25", "smtp://mail.example.com:25"),
            ("smtps://u:hunter22@mail", "smtps://u:***@mail"),
            ("smtps://u:hunter22/@mail", "smtps://u:***@mail"),
            (
                "smtp://u:hun@ter22@mail?tls=none",
                "smtp://u:***@mail?tls=none",
            ),
            ("postgres://kh@db/keys", "postgres://kh@db/keys"),
            (
                "postgres://kh:hunter22@db:5433/keys?sslmode=require",
                "postgres://kh:***@db:5433/keys?sslmode=require",
            ),
            (
                "postgres:///keys?host=/run/postgresql&password=hunter22&sslkey=-----BEGIN hunter",
                "postgres:///keys?host=/run/postgresql&password=***&sslkey=***",
            ),
            (
                "postgres:///keys?p%61ssword=hunter22",
                "postgres:///keys?p%61ssword=***",
            ),
            (
                "postgres://kh:12/hunter22@db/keys",
                "postgres://kh:***@db/keys",
            ),
            ("postgres://kh:12@db/keys#hunter22", "hidden"),
            ("smtps://u:hun?ter22@mail", "hidden"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(has_password(text), text != shown, "{text}");
        }
        for (text, shown) in [("hunter22", "hidden"), ("mail.example.com", "hidden")] {
            assert_eq!(masked(text), shown);
            assert!(!has_password(text), "{text}");
        }
    }
}
