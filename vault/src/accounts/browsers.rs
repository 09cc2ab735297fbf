//! Names of browsers and systems, read from the User-Agent header as far as an owner needs to recognize a session. The
//! header is the browser's own claim.

/// Marks of browsers, the first that occurs decides: most browsers also claim to be Chrome or Safari.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems, as above: Android also claims to be Linux, and an iPhone to be like a Mac.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is not in the table.
const LONGEST: usize = 40;

/// Returns the browser and the system of a User-Agent header: "Firefox on Linux". A program that is neither is called
/// what it calls itself.
pub fn describe(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        let found = table.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => program(agent),
    }
}

/// Returns the first product of the header (RFC 9110, section 10.1.5), without its version.
fn program(agent: &str) -> String {
    let product = agent.split([' ', '/', '(']).find(|part| !part.is_empty());
    product.map_or_else(
        || "Unknown browser".to_owned(),
        |product| product.chars().take(LONGEST).collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_browsers_are_named_as_their_owners_know_them() {
        const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/";
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                &format!("{MAC}605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15"),
                "Safari on macOS",
            ),
            (
                &format!("{MAC}537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"),
                "Chrome on macOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/142.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 \
                 Chrome/136.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64)", "A browser on Linux"),
            ("curl/8.17.0", "curl"),
            ("python-requests/2.32", "python-requests"),
            ("", "Unknown browser"),
            (" / (", "Unknown browser"),
        ] {
            assert_eq!(describe(agent), expected, "{agent}");
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(500))]

        /// Whatever a client sends, the name is short and not empty.
        #[test]
        fn every_header_has_a_short_name(agent in "[ -~]{0,200}") {
            let name = describe(&agent);
            prop_assert!((1..=LONGEST).contains(&name.chars().count()), "{name}");
        }
    }
}
