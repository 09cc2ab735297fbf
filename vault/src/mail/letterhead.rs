//! What every mail has: the address of the pages, the name of the company, and the company's own lines at the foot.

use crate::brand::Brand;

/// The head and foot of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Letterhead<'a> {
    /// The address at which browsers reach the pages, without a slash at its end.
    pub base_url: &'a str,
    pub brand: &'a Brand,
}

impl Letterhead<'_> {
    /// Returns the lines of a mail's text, and the company's below them.
    pub(super) fn text(&self, lines: &[String]) -> String {
        let text = lines.join("\n");
        match &self.brand.mail_footer {
            None => text + "\n",
            // The two hyphens begin a signature, which replies leave out (RFC 3676, section 4.3).
            Some(footer) => format!("{text}\n\n-- \n{footer}\n"),
        }
    }
}
