//! Replies of a mail server. The code decides, whatever the text (RFC 5321, section 4.2): a reply may have none, and
//! its bytes may be in any encoding.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Maximum bytes of a line; RFC 5321 allows 512.
const LINE: u64 = 4 * 1024;
/// Maximum lines of a reply.
const LINES: usize = 200;

/// A reply: its code, and the text of each line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    pub code: u16,
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads a reply to its end.
    ///
    /// # Errors
    /// A description of the failure.
    pub async fn read<R: AsyncBufRead + Unpin>(stream: &mut R) -> Result<Self, String> {
        let mut lines = Vec::new();
        loop {
            let mut bytes = Vec::new();
            let mut line = (&mut *stream).take(LINE);
            let read = line.read_until(b'\n', &mut bytes).await;
            read.map_err(|error| error.to_string())?;
            if bytes.last() != Some(&b'\n') {
                return Err(match u64::try_from(bytes.len()) {
                    Ok(LINE) => "it sent an overlong line".to_owned(),
                    _ => "the connection ended".to_owned(),
                });
            }
            let (code, more, text) = parse(bytes.trim_ascii_end()).ok_or_else(|| {
                format!(
                    "not a reply: {}",
                    String::from_utf8_lossy(&bytes).trim_end()
                )
            })?;
            lines.push(text);
            if !more {
                return Ok(Self { code, lines });
            }
            if lines.len() == LINES {
                return Err("it sent an overlong reply".to_owned());
            }
        }
    }

    /// Returns whether the command succeeded.
    pub fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// Returns whether the server waits for more.
    pub fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// Returns whether the command is rejected, however often it is sent.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Returns the parameters of a keyword in a reply to EHLO; none if it is missing. Keywords have no case (RFC 5321,
    /// section 2.4), and old servers write `AUTH=`.
    pub fn keyword(&self, keyword: &str) -> Option<Vec<String>> {
        let mut found: Option<Vec<String>> = None;
        for line in &self.lines {
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            if words
                .next()
                .is_some_and(|first| first.eq_ignore_ascii_case(keyword))
            {
                let words = words.map(str::to_ascii_uppercase);
                found.get_or_insert_default().extend(words);
            }
        }
        found
    }

    /// Returns the code and the text on one line. An enhanced code (RFC 3463) that each line repeats appears once.
    pub fn text(&self) -> String {
        let first = self.lines.first().map_or("", String::as_str);
        let enhanced = first.split(' ').next().filter(|word| is_enhanced(word));
        let rest = self.lines.iter().skip(1).map(|line| {
            enhanced
                .and_then(|code| line.strip_prefix(code))
                .map_or(line.as_str(), str::trim_start)
        });
        let text: Vec<_> = std::iter::once(first).chain(rest).collect();
        format!("{} {}", self.code, text.join(" "))
            .trim_end()
            .to_owned()
    }
}

/// Returns the code, whether another line follows, and the text.
fn parse(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(&code[0]) {
        return None;
    }
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (more, text) = match rest.split_first() {
        None => (false, rest),
        Some((b'-', text)) => (true, text),
        Some((b' ' | b'\t', text)) => (false, text),
        Some(_) => return None,
    };
    Some((code, more, String::from_utf8_lossy(text).trim().to_owned()))
}

fn is_enhanced(word: &str) -> bool {
    let mut parts = word.split('.');
    let numbers = (0..3).all(|_| {
        parts
            .next()
            .is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    numbers && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<Reply, String> {
        Reply::read(&mut &*bytes).await
    }

    #[tokio::test]
    async fn the_code_decides_whatever_the_text() {
        for (bytes, text) in [
            (b"250 2.0.0 queued\r\n" as &[u8], "250 2.0.0 queued"),
            (b"250\r\n", "250"),
            (b"250 \r\n", "250"),
            (b"250\n", "250"),
            (b"250-\r\n250\r\n", "250"),
            (
                b"250 angenommen f\xfcr \xff\r\n",
                "250 angenommen f\u{fffd}r \u{fffd}",
            ),
            (
                b"451-4.7.1 try\r\n451 4.7.1 later\r\n",
                "451 4.7.1 try later",
            ),
            (b"550-one\r\n550-two\r\n550 three\r\n", "550 one two three"),
        ] {
            assert_eq!(
                read(bytes).await.map(|reply| reply.text()),
                Ok(text.to_owned())
            );
        }
        for bytes in [
            b"" as &[u8],
            b"25\r\n",
            b"2506 x\r\n",
            b"150 x\r\n",
            b"650 x\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"250-more\r\n",
            b"250 cut off",
        ] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
        assert!(read(&[b'2'; 9000]).await.is_err(), "a line without an end");
        assert!(
            read(&b"250-x\r\n".repeat(9000)).await.is_err(),
            "a reply without an end"
        );
    }

    #[tokio::test]
    async fn keywords_have_no_case() {
        let reply = read(
            b"250-mail.example.com\r\n250-starttls\r\n250-Auth plain Login\r\n250 AUTH=XOAUTH2\r\n",
        )
        .await;
        let reply = reply.unwrap_or(Reply {
            code: 0,
            lines: Vec::new(),
        });
        assert_eq!(reply.keyword("STARTTLS"), Some(Vec::new()));
        let mechanisms = ["PLAIN", "LOGIN", "XOAUTH2"].map(str::to_owned);
        assert_eq!(reply.keyword("AUTH"), Some(mechanisms.to_vec()));
        assert_eq!(reply.keyword("SIZE"), None);
    }
}
