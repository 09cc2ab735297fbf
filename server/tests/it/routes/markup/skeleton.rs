//! The tags and attributes of a page, without its text: enough of an HTML tokenizer to tell whether a text has become
//! markup.

/// Elements whose content a browser takes as text, up to their end tag.
const TEXT_ONLY: [&str; 4] = ["script", "style", "textarea", "title"];

/// Each tag with the names of its attributes, and each comment, in order.
///
/// # Panics
/// If a script holds a `<`: with `<!--<script>` in it, a browser would not see its end.
pub fn skeleton(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            found.push("comment".to_owned());
            rest = after(comment, "-->");
        } else if rest.starts_with('!') {
            found.push("declaration".to_owned());
            rest = after(rest, ">");
        } else if rest.starts_with(|char: char| char == '/' || char.is_ascii_alphabetic()) {
            let (tag, more) = tag(rest);
            let name = tag.split(' ').next().unwrap_or_default().to_owned();
            rest = more;
            if TEXT_ONLY.contains(&name.as_str()) {
                let text = content(rest, &name);
                assert!(
                    name != "script" || !text.contains('<'),
                    "a script holds a tag: {text:.200}"
                );
                rest = &rest[text.len()..];
            }
            found.push(tag);
        }
    }
    found
}

/// Returns the document's title, with its references resolved.
pub fn title(html: &str) -> String {
    let head = html.split("</head>").next().unwrap_or_default();
    let titles: Vec<&str> = head.split("<title>").skip(1).collect();
    assert_eq!(titles.len(), 1, "one title");
    content(titles[0], "title")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Returns the text up to the end tag of `name`.
fn content<'a>(rest: &'a str, name: &str) -> &'a str {
    let lower = rest.to_ascii_lowercase();
    let end = lower.find(&format!("</{name}")).unwrap_or(rest.len());
    &rest[..end]
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// Returns a tag, read from after its `<`, and the text behind it.
fn tag(text: &str) -> (String, &str) {
    let ends = |char: char| char.is_ascii_whitespace() || char == '>';
    let end = text.find(ends).unwrap_or(text.len());
    let mut tag = text[..end].trim_end_matches('/').to_ascii_lowercase();
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start_matches(|char: char| char.is_ascii_whitespace() || char == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (tag, rest.get(1..).unwrap_or_default());
        }
        let ends = |char: char| ends(char) || char == '=' || char == '/';
        // A `=` where a name is expected is the name's first character.
        let end = rest[1..].find(ends).map_or(rest.len(), |at| at + 1);
        tag.push(' ');
        tag.push_str(&rest[..end].to_ascii_lowercase());
        rest = rest[end..].trim_start();
        if let Some(value) = rest.strip_prefix('=') {
            let value = value.trim_start();
            rest = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => after(&value[1..], &quote.to_string()),
                _ => &value[value.find(ends).unwrap_or(value.len())..],
            };
        }
    }
}

#[test]
fn the_skeleton_has_the_tags_that_a_browser_sees() {
    let html = "<!DOCTYPE html><html lang=\"a>b\"><title>a<b></title><!--x<i>--><INPUT disabled value='\">' b=c/></p>1 < 2<br/>";
    let tags = [
        "declaration",
        "html lang",
        "title",
        "/title",
        "comment",
        "input disabled value b",
        "/p",
        "br",
    ];
    assert_eq!(skeleton(html), tags);
}
