//! Pictures of the company's: read, checked and given an address at the start.
//!
//! The name of a file says little, so its content decides: the media type that browsers get is that of the bytes. A cut-off
//! copy is refused too. A drawing (SVG) is a program as well; one with scripts or references to other sites is refused, and
//! pages show it as a picture in any case, with a policy under which nothing in it runs.

use std::fs::File as OpenFile;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use app::brand::File;
use sha2::{Digest, Sha256};

/// What a picture is for.
pub struct Use {
    /// The beginning of its address.
    name: &'static str,
    /// In bytes.
    limit: u64,
    kinds: &'static [Kind],
}

pub const LOGO: Use = Use {
    name: "logo",
    limit: 256 * 1024,
    kinds: &[Kind::Png, Kind::Svg, Kind::Webp],
};
pub const ICON: Use = Use {
    name: "icon",
    limit: 64 * 1024,
    kinds: &[Kind::Png, Kind::Svg, Kind::Ico],
};

/// The most pixels of a side.
const LARGEST_SIDE: u32 = 4096;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Png,
    Svg,
    Webp,
    Ico,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Svg => "SVG",
            Self::Webp => "WebP",
            Self::Ico => "ICO",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Webp => "webp",
            Self::Ico => "ico",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
            Self::Webp => "image/webp",
            Self::Ico => "image/x-icon",
        }
    }
}

/// The reasons why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("is larger than {} KiB", .0 / 1024)]
    TooLarge(u64),
    #[error("is no image, or only a part of one: {0} is needed")]
    NoPicture(String),
    #[error("is {found}, and not {wanted}")]
    OtherKind { found: &'static str, wanted: String },
    #[error("has more than {LARGEST_SIDE} pixels on a side, or none")]
    Size,
    #[error("has {0}, which no page shows: save it as a plain SVG")]
    Active(&'static str),
}

impl Use {
    /// Reads the picture at `path`.
    ///
    /// # Errors
    /// The path, and what is wrong with the file.
    pub fn read(&self, path: &Path) -> Result<File, (PathBuf, PictureError)> {
        let content = self.content(path);
        let checked = content.and_then(|content| Ok((self.check(&content)?, content)));
        let (kind, content) = checked.map_err(|reason| (path.to_owned(), reason))?;
        Ok(served(self.name, kind.ending(), kind.media_type(), content))
    }

    fn content(&self, path: &Path) -> Result<Vec<u8>, PictureError> {
        let mut content = Vec::new();
        // A pipe or a device may have no end.
        let file = OpenFile::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no file").into());
        }
        file.take(self.limit + 1).read_to_end(&mut content)?;
        if content.len() as u64 > self.limit {
            return Err(PictureError::TooLarge(self.limit));
        }
        Ok(content)
    }

    fn check(&self, content: &[u8]) -> Result<Kind, PictureError> {
        let names: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        let wanted = match names.split_last() {
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let kind = kind_of(content)?.ok_or_else(|| PictureError::NoPicture(wanted.clone()))?;
        if self.kinds.contains(&kind) {
            Ok(kind)
        } else {
            let found = kind.name();
            Err(PictureError::OtherKind { found, wanted })
        }
    }
}

/// Returns a file at an address that changes with its content.
pub fn served(
    name: &'static str,
    ending: &'static str,
    kind: &'static str,
    content: Vec<u8>,
) -> File {
    let digest = Sha256::digest(&content);
    let hash = digest[..8]
        .iter()
        .fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    File {
        address: format!("/brand/{name}.{hash:016x}.{ending}"),
        kind,
        content: content.into(),
    }
}

/// Returns the kind of a whole picture; none if it is none.
fn kind_of(content: &[u8]) -> Result<Option<Kind>, PictureError> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png(content);
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Ok(webp(content).then_some(Kind::Webp));
    }
    if content.starts_with(&[0, 0, 1, 0]) {
        return Ok(ico(content).then_some(Kind::Ico));
    }
    match std::str::from_utf8(content) {
        Ok(text) if is_svg(text) => match active(text) {
            Some(what) => Err(PictureError::Active(what)),
            None => Ok(Some(Kind::Svg)),
        },
        _ => Ok(None),
    }
}

/// Checks the first chunk, which has the size, and the last (PNG, section 5.6).
fn png(content: &[u8]) -> Result<Option<Kind>, PictureError> {
    let number = |at: usize| {
        let bytes = content.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let begins = content.get(12..16) == Some(b"IHDR");
    let ends = content.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82");
    let (Some(width), Some(height), true, true) = (number(16), number(20), begins, ends) else {
        return Ok(None);
    };
    let side = 1..=LARGEST_SIDE;
    if side.contains(&width) && side.contains(&height) {
        Ok(Some(Kind::Png))
    } else {
        Err(PictureError::Size)
    }
}

/// Checks that the file is as long as it says (RFC 9649, section 2.4).
fn webp(content: &[u8]) -> bool {
    let length = content.get(4..8).and_then(|bytes| bytes.try_into().ok());
    let length = length.map_or(0, u32::from_le_bytes) as usize;
    content.len() > 20 && content.get(12..15) == Some(b"VP8") && length + 8 == content.len()
}

/// Checks that each picture in it is inside the file.
fn ico(content: &[u8]) -> bool {
    let word = |at: usize| {
        let bytes = content.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    let count = content.get(4..6).map_or(0, |bytes| {
        usize::from(bytes[0]) | usize::from(bytes[1]) << 8
    });
    let inside = |entry: usize| {
        let (length, offset) = (word(6 + 16 * entry + 8)?, word(6 + 16 * entry + 12)?);
        let end = offset.checked_add(length)?;
        (length > 0 && end <= content.len()).then_some(())
    };
    count > 0 && (0..count).all(|entry| inside(entry).is_some())
}

/// Returns whether a text is a drawing, from its root to the end of it.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    // What may stand before the root (XML, section 2.8).
    for (begin, end) in [
        ("<?", "?>"),
        ("<!--", "-->"),
        ("<!DOCTYPE", ">"),
        ("<!--", "-->"),
    ] {
        while let Some(inside) = rest.strip_prefix(begin) {
            let Some((_, after)) = inside.split_once(end) else {
                return false;
            };
            rest = after.trim_start();
        }
    }
    let Some(root) = rest.strip_prefix("<svg") else {
        return false;
    };
    // Without its name space, no browser takes it for a picture.
    root.starts_with([' ', '\t', '\r', '\n'])
        && root
            .split_once('>')
            .is_some_and(|(tag, _)| tag.contains("http://www.w3.org/2000/svg"))
        && rest.ends_with("</svg>")
}

/// Returns what in a drawing may run or load something, if anything.
fn active(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if has(&["<script", "<foreignobject", "<!entity", "javascript:"]) || has_handler(&text) {
        return Some("a script");
    }
    let foreign = [
        "href=\"http",
        "href='http",
        "href=\"//",
        "href='//",
        "url(http",
        "url(\"http",
        "url('http",
        "url(//",
        "@import",
        "<?xml-stylesheet",
    ];
    has(&foreign).then_some("references to other sites")
}

/// Returns whether a text has an attribute such as `onload=`.
fn has_handler(text: &str) -> bool {
    let words = text.split([' ', '\t', '\r', '\n', '/', '"', '\'']);
    words
        .filter_map(|word| word.strip_prefix("on"))
        .any(|rest| {
            let name = rest.trim_start_matches(|char: char| char.is_ascii_lowercase());
            rest.len() > name.len() && name.starts_with('=')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str =
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9"/></svg>"#;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png.extend(b"\x08\x06\0\0\0....\0\0\0\0IEND\xae\x42\x60\x82");
        png
    }

    fn webp_of(length: u32) -> Vec<u8> {
        let mut webp = b"RIFF".to_vec();
        webp.extend(length.to_le_bytes());
        webp.extend(b"WEBPVP8L.............");
        webp
    }

    fn ico_of(offset: u32) -> Vec<u8> {
        let mut ico = vec![0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0];
        ico.extend(4_u32.to_le_bytes());
        ico.extend(offset.to_le_bytes());
        ico.extend(b"....");
        ico
    }

    fn sentence(of: &Use, content: &[u8]) -> String {
        of.check(content)
            .map_or_else(|error| error.to_string(), |kind| kind.name().to_owned())
    }

    #[test]
    fn the_content_says_what_a_picture_is() {
        for (content, kind) in [
            (png_of(32, 32), "PNG"),
            (webp_of(21), "WebP"),
            (SVG.into(), "SVG"),
            (format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- a --><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\">\n{SVG}\n").into(), "SVG"),
        ] {
            assert_eq!(sentence(&LOGO, &content), kind);
        }
        assert_eq!(sentence(&ICON, &ico_of(22)), "ICO");
        assert_eq!(
            sentence(&LOGO, &ico_of(22)),
            "is ICO, and not PNG, SVG or WebP"
        );
        assert_eq!(
            sentence(&ICON, &webp_of(21)),
            "is WebP, and not PNG, SVG or ICO"
        );
    }

    #[test]
    fn what_is_no_whole_picture_is_refused() {
        let whole = png_of(32, 32);
        for bad in [
            b"".as_slice(),
            b"<html></html>",
            b"GIF89a.......",
            b"\xff\xd8\xff\xe0....JFIF",
            &whole[..whole.len() - 1],
            &whole[..8],
            &webp_of(22),
            &webp_of(21)[..16],
            &ico_of(23),
            &[0, 0, 1, 0, 0, 0],
            SVG.trim_end_matches("</svg>").as_bytes(),
            b"<svg viewBox=\"0 0 9 9\"></svg>",
            b"<!-- <svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        ] {
            let text = sentence(&ICON, bad);
            assert!(text.starts_with("is no image"), "{bad:?}: {text}");
        }
        for (width, height) in [(0, 32), (32, 0), (4097, 1), (1, u32::MAX)] {
            assert!(sentence(&LOGO, &png_of(width, height)).contains("pixels"));
        }
    }

    #[test]
    fn a_drawing_that_does_or_loads_something_is_refused() {
        for part in [
            "<script>alert(1)</script>",
            "<SCRIPT href='data:,'/>",
            "<rect onload=\"alert(1)\"/>",
            "<rect\nOnClick='alert(1)'/>",
            "<foreignObject><p/></foreignObject>",
            "<a href=\"javascript:alert(1)\"/>",
        ] {
            let text = sentence(
                &LOGO,
                SVG.replace("<path", &format!("{part}<path")).as_bytes(),
            );
            assert!(text.contains("script"), "{part}: {text}");
        }
        for part in [
            "<image href=\"https://example.com/a.png\"/>",
            "<use xlink:href='//example.com/a.svg#b'/>",
            "<style>@import 'a.css';</style>",
            "<rect fill=\"url(https://example.com/a)\"/>",
        ] {
            let text = sentence(
                &LOGO,
                SVG.replace("<path", &format!("{part}<path")).as_bytes(),
            );
            assert!(text.contains("other sites"), "{part}: {text}");
        }
        let plain = SVG.replace(
            "<path",
            "<title>Based on a=b</title><use href=\"#one\"/><path",
        );
        assert_eq!(sentence(&LOGO, plain.as_bytes()), "SVG");
    }
}
