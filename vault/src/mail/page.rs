//! HTML layout of mails: one narrow column, inline styles, no external resources. Mail programs strip style sheets, so
//! a dark theme cannot have its own set of colours. Instead text keeps the colour of the reader's program, and an
//! element with its own background has its own text colour.

use maud::{DOCTYPE, Markup, html};

use super::letterhead::Letterhead;
use crate::brand::Button;

/// Spacing and type as on the pages.
const BODY: &str = "margin:0;padding:24px 16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
                    font-size:16px;line-height:1.5";
const COLUMN: &str = "max-width:600px;margin:0 auto";
const HEADING: &str = "margin:0 0 12px;font-size:20px;line-height:1.3";
pub const PARAGRAPH: &str = "margin:0 0 16px";
const FOOTER: &str = "margin:32px 0 0;padding:16px 0 0;border-top:1px solid #80878f;font-size:14px";
const BUTTON: &str = "display:inline-block;padding:8px 16px;border-radius:6px";
const BOLD: &str = "font-weight:600;text-decoration:none";
const OWN: &str = "margin:16px 0 0;font-size:14px";
const LINK: &str = "color:inherit;text-decoration:underline;word-break:break-word";

impl Letterhead<'_> {
    /// Returns a whole page. The footer says why the mail was sent; below it are the company's own lines.
    pub(super) fn page(&self, title: &str, content: &Markup, footer: &Markup) -> String {
        let own = self.brand.mail_footer.as_deref();
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="supported-color-schemes" content="light dark";
                    title { (title) }
                }
                body style=(BODY) {
                    div style=(COLUMN) {
                        h1 style=(HEADING) { (title) }
                        (content)
                        div style=(FOOTER) { (footer) }
                        @if let Some(lines) = own {
                            div style=(OWN) {
                                @for (place, line) in lines.lines().enumerate() {
                                    @if place > 0 { br; }
                                    (line)
                                }
                            }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    /// Returns the link that the mail is for. Where there are several, `object` tells them apart in a screen reader.
    pub(super) fn button(&self, address: &str, label: &str, object: Option<&str>) -> Markup {
        let spoken = object.map(|object| format!("{label} {object}"));
        let Button { ground, text } = &self.brand.button;
        let style = format!("{BUTTON};background:{ground};color:{text};{BOLD}");
        html! { a href=(address) aria-label=[spoken] style=(style) { (label) } }
    }
}

/// Returns a link in a text.
pub fn link(address: &str, label: &str) -> Markup {
    html! { a href=(address) style=(LINK) { (label) } }
}
