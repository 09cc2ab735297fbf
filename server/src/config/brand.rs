//! The company's name and looks: settings, and the brand that pages, mails and answers have from them.

mod accent;
mod picture;

use std::path::PathBuf;

use app::brand::{Brand, File, FootLink};
use clap::{Args, ValueEnum};
use shared::prefix::Prefix;
use shared::validation::is_forbidden;
use vault::brand::NAME;

use super::error::{ConfigError, ValueError};
use super::links::Links;
pub use accent::Accent;
pub use picture::PictureError;
use picture::{ICON, LOGO, Use, served};

/// The most characters of the name: it stands in titles, subjects and the narrow navigation.
const LONGEST_NAME: usize = 40;
/// The most characters of the lines in mails.
const LONGEST_FOOTER: usize = 500;

/// The name, which `serve` and `mail test` share.
#[derive(Args, Clone, Debug)]
pub struct NameArgs {
    /// The name of your company or product, on every page and in every email.
    #[arg(long, env = "KEYHOLD_NAME", default_value = NAME, value_name = "NAME", value_parser = name)]
    pub name: String,
}

/// Whether pages say who made them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Credit {
    Shown,
    Hidden,
}

#[derive(Args, Clone, Debug)]
pub struct BrandArgs {
    #[command(flatten)]
    pub name: NameArgs,

    /// Your logo: PNG, SVG or WebP, at most 256 KiB. It is 32 pixels high on pages. Default: the name.
    #[arg(long, env = "KEYHOLD_LOGO_FILE", value_name = "FILE")]
    pub logo_file: Option<PathBuf>,

    /// Your logo on dark ground. Default: the other one.
    #[arg(long, env = "KEYHOLD_LOGO_DARK_FILE", value_name = "FILE")]
    pub logo_dark_file: Option<PathBuf>,

    /// The icon in the browser's tab: PNG, SVG or ICO, at most 64 KiB. Default: a key.
    #[arg(long, env = "KEYHOLD_FAVICON_FILE", value_name = "FILE")]
    pub favicon_file: Option<PathBuf>,

    /// Your colour, of buttons, links and the focus ring: #rrggbb. The text on it, and the shades for both themes, keep their
    /// contrasts. Default: blue.
    #[arg(long, env = "KEYHOLD_ACCENT", value_name = "COLOUR")]
    pub accent: Option<Accent>,

    /// Lines at the foot of every email, such as your company's address. Default: none.
    #[arg(long, env = "KEYHOLD_MAIL_FOOTER", value_name = "TEXT", value_parser = footer)]
    pub mail_footer: Option<String>,

    /// The beginning of your customers' keys: acme makes acme_… and secret keys acmes_…. 2 to 10 lower-case letters and digits,
    /// set once, best before the first start; keys made before stay good. Default: kh.
    #[arg(long, env = "KEYHOLD_KEY_PREFIX", value_name = "PREFIX")]
    pub key_prefix: Option<Prefix>,

    /// Whether pages under another name say "Powered by Keyhold" at their foot.
    #[arg(long, env = "KEYHOLD_CREDIT", default_value = "shown", value_enum)]
    pub credit: Credit,
}

impl BrandArgs {
    /// Reads the files, and returns what pages show.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the file which is no picture.
    pub fn pages(&self, links: &Links) -> Result<Brand, ConfigError> {
        let picture = |setting, of: &Use, path: &Option<PathBuf>| {
            let path = path.as_ref().filter(|path| !path.as_os_str().is_empty());
            path.map(|path| of.read(path))
                .transpose()
                .map_err(|(path, reason)| ConfigError::Picture {
                    setting,
                    path,
                    reason,
                })
        };
        let logo = picture("KEYHOLD_LOGO_FILE", &LOGO, &self.logo_file)?;
        let logo_dark = picture("KEYHOLD_LOGO_DARK_FILE", &LOGO, &self.logo_dark_file)?;
        if logo.is_none() && logo_dark.is_some() {
            return Err(ConfigError::DarkLogoAlone);
        }
        let icon = picture("KEYHOLD_FAVICON_FILE", &ICON, &self.favicon_file)?;
        let links = [
            ("Documentation", &links.docs_url),
            ("Support", &links.support_url),
            ("Terms", &links.terms_url),
        ];
        let links = links.into_iter().filter_map(|(label, address)| {
            let address = address.clone().filter(|address| !address.is_empty())?;
            Some(FootLink { label, address })
        });
        Ok(Brand {
            name: self.name.name.clone(),
            logo,
            logo_dark,
            icon,
            colours: self.accent.map(colours),
            links: links.collect(),
            credit: self.credit == Credit::Shown,
        })
    }

    /// Returns what mails, calendars and answers to programs show.
    pub fn elsewhere(&self) -> vault::brand::Brand {
        let footer = self.mail_footer.clone();
        vault::brand::Brand {
            name: self.name.name.clone().into(),
            mail_footer: footer.filter(|footer| !footer.is_empty()),
            key_prefix: self.key_prefix,
            button: self
                .accent
                .map_or(vault::brand::Brand::KEYHOLD.button, Accent::button),
        }
    }
}

/// Returns the style sheet with the company's colours.
fn colours(accent: Accent) -> File {
    served(
        "colours",
        "css",
        "text/css; charset=utf-8",
        accent.style().into(),
    )
}

/// Parses a name. An empty one counts as absent.
fn name(text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(NAME.to_owned());
    }
    // Mail programs decode encoded words (RFC 2047) in a sender's name.
    if text.chars().any(is_forbidden) || text.contains("=?") {
        return Err(ValueError::BrandName);
    }
    if text.chars().count() > LONGEST_NAME {
        return Err(ValueError::TooLong(LONGEST_NAME));
    }
    Ok(text.to_owned())
}

/// Parses the lines for mails. An empty text counts as absent.
fn footer(text: &str) -> Result<String, ValueError> {
    let lines = text.trim().lines().map(str::trim_end);
    let text = lines.collect::<Vec<_>>().join("\n");
    if text.chars().any(|char| char != '\n' && is_forbidden(char)) {
        return Err(ValueError::MailFooter);
    }
    if text.chars().count() > LONGEST_FOOTER {
        return Err(ValueError::TooLong(LONGEST_FOOTER));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(parsed: Result<String, ValueError>) -> String {
        parsed.map_or_else(
            |error| error.to_string(),
            |text| format!("accepted: {text}"),
        )
    }

    #[test]
    fn a_name_is_one_short_line() {
        let longest = "Ä".repeat(40);
        for (text, expected) in [
            ("", "Keyhold"),
            ("  ", "Keyhold"),
            (" Acme & Söhne ", "Acme & Söhne"),
            ("\"Acme\", <b>", "\"Acme\", <b>"),
            (&longest, &longest),
        ] {
            assert_eq!(message(name(text)), format!("accepted: {expected}"));
        }
        for bad in ["a\nb", "a\u{202e}b", "a\u{0}", "=?utf-8?q?a?="] {
            assert!(message(name(bad)).contains("one line"), "{bad:?}");
        }
        assert!(message(name(&"Ä".repeat(41))).contains("40 characters"));
    }

    #[test]
    fn the_foot_of_mails_is_a_few_lines_of_text() {
        assert_eq!(
            message(footer(" Acme GmbH \r\nBerlin\n")),
            "accepted: Acme GmbH\nBerlin"
        );
        assert_eq!(message(footer(" ")), "accepted: ");
        assert!(message(footer("a\u{1b}[31m")).contains("control"));
        assert!(message(footer(&"a".repeat(501))).contains("500 characters"));
    }
}
