//! What a pasted text may stand for: the same in other spellings, as addresses, mails, HTML, programs, base64 and the keyboards
//! of ideographs have them.

/// The fewest characters of base64 that may hold a good part of a secret.
const BASE64: usize = 16;
/// How often a text may be encoded over itself.
const DEPTH: usize = 3;

/// Returns a text as it is, without blanks, and all that it may stand for.
pub(super) fn spellings(text: &str) -> Vec<String> {
    let narrow = text.chars().map(narrow);
    let mut plain: String = narrow.filter(char::is_ascii_graphic).collect();
    let mut all = Vec::new();
    for _ in 0..=DEPTH {
        let next = unescaped(&plain);
        let is_last = next == plain;
        all.push(std::mem::replace(&mut plain, next));
        if is_last {
            break;
        }
    }
    let decoded: Vec<String> = all.iter().flat_map(|text| decoded(text)).collect();
    all.extend(decoded);
    all
}

/// Returns the ASCII character for one in the width of ideographs.
fn narrow(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(char) - 0xff01 + u32::from('!')).unwrap_or(char)
        }
        char => char,
    }
}

/// Returns an ASCII text with the characters that its escapes stand for.
fn unescaped(mut text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    while let Some(first) = text.chars().next() {
        let (char, length) = escape(text).unwrap_or((first, first.len_utf8()));
        plain.push(char);
        text = &text[length..];
    }
    plain
}

/// Escapes of a number of hexadecimal digits: of addresses, of mails, and of programs.
const HEX: [(&str, usize); 5] = [("%u", 4), ("%", 2), ("=", 2), ("\\u", 4), ("\\x", 2)];
/// The names of characters in HTML, and an escape of Markdown.
const NAMED: [(&str, char); 5] = [
    ("&lowbar;", '_'),
    ("&UnderBar;", '_'),
    ("&period;", '.'),
    ("&colon;", ':'),
    ("\\_", '_'),
];

/// Reads the visible ASCII character that an escape at the beginning of a text stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    if let Some((name, char)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*char, name.len()));
    }
    let visible = |digits: &str, radix| {
        let code = u8::from_str_radix(digits, radix).ok()?;
        Some(char::from(code)).filter(char::is_ascii_graphic)
    };
    if let Some(rest) = text.strip_prefix("&#") {
        let (digits, _) = rest.split_once(';')?;
        let hex = digits.strip_prefix(['x', 'X']);
        let char = match hex {
            Some(hex) => visible(hex.trim_start_matches('0'), 16),
            None => visible(digits.trim_start_matches('0'), 10),
        };
        return Some((char?, "&#;".len() + digits.len()));
    }
    HEX.iter().find_map(|(begin, count)| {
        let digits = text.strip_prefix(begin)?.get(..*count)?;
        Some((visible(digits, 16)?, begin.len() + count))
    })
}

/// Returns the texts that may be in a text as base64. Words before one can have come together with it.
fn decoded(text: &str) -> Vec<String> {
    let is_base64 = |char: char| char.is_ascii_alphanumeric() || "+/-_".contains(char);
    let runs = text.split(|char| !is_base64(char));
    let long = runs.filter(|run| run.len() >= BASE64);
    long.flat_map(|run| (0..4).map(|from| decode(&run[from..])))
        .collect()
}

/// Decodes base64 of either alphabet, and leaves out what is no visible ASCII.
fn decode(base64: &str) -> String {
    let (mut bits, mut count, mut text) = (0_u32, 0, String::new());
    for byte in base64.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let char = char::from((bits >> count & 0xff) as u8);
            text.extend(Some(char).filter(char::is_ascii_graphic));
        }
    }
    text
}
