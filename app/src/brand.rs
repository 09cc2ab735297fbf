//! The company as its customers see it on the pages: the name, the logo, and the links in the foot.
//!
//! The browser takes what it shows over from the page, as markup that the server has written: the WASM draws none of it.

use leptos::prelude::*;

/// The name that pages have where the operator gives none.
pub const NAME: &str = "Keyhold";

/// What every page shows of the company. The server provides it in the context of every rendering.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    pub name: String,
    /// The markup of the logo, or of the name beside a key.
    mark: String,
    /// The markup of the foot; empty: there is none.
    foot: String,
}

impl Shown {
    /// Provides it in the browser as the server has rendered it.
    pub fn provide() {
        let parts = SharedValue::new_str(|| {
            let shown = use_context::<Self>().unwrap_or_default();
            // Neither has a line break: names are one line, and markup needs none.
            [shown.name, shown.mark, shown.foot].join("\n")
        });
        let parts = parts.into_inner();
        let mut parts = parts.split('\n').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        provide_context(Self {
            name: next(),
            mark: next(),
            foot: next(),
        });
    }

    pub fn get() -> Self {
        use_context().unwrap_or_default()
    }
}

/// The logo or the name, which links to the Dashboard.
pub fn mark() -> AnyView {
    view! { <a class="brand" href="/" inner_html=Shown::get().mark></a> }.into_any()
}

/// The foot of every page, if there is anything in it.
pub fn foot() -> Option<AnyView> {
    let foot = Shown::get().foot;
    (!foot.is_empty())
        .then(|| view! { <footer class="page-foot" inner_html=foot></footer> }.into_any())
}

/// The files that the head of the document names.
#[derive(Clone, Debug, Default)]
pub struct HeadFiles {
    /// The address of the icon, and its media type.
    pub icon: Option<(String, &'static str)>,
    /// The style sheet with the company's colours.
    pub colours: Option<String>,
    /// The prefix of the company's keys, for scripts; none if it has none of its own.
    pub key_prefix: Option<String>,
}

impl HeadFiles {
    /// Returns the links in the head, in the context of a rendering.
    pub fn links() -> impl IntoView {
        let files = use_context::<Self>().unwrap_or_default();
        let (icon, kind) = files
            .icon
            .unwrap_or_else(|| ("/favicon.svg".to_owned(), "image/svg+xml"));
        view! { <link rel="icon" href=icon type=kind /> }
    }

    /// Returns the link to the colours, which must follow the style sheet that they change.
    pub fn colours() -> impl IntoView {
        let colours = use_context::<Self>().unwrap_or_default().colours;
        colours.map(|address| view! { <link rel="stylesheet" href=address /> })
    }
}

#[cfg(feature = "ssr")]
pub use server::*;

#[cfg(feature = "ssr")]
mod server {
    use std::sync::Arc;

    use leptos::prelude::*;

    use super::{HeadFiles, NAME, Shown};
    use crate::ui::icon::Icon;
    use crate::ui::served::html;

    /// A file of the company's, served by Keyhold itself.
    #[derive(Clone, Debug)]
    pub struct File {
        /// It changes with the content: `/brand/logo.0123456789abcdef.svg`.
        pub address: String,
        /// The media type.
        pub kind: &'static str,
        pub content: Arc<[u8]>,
    }

    /// A link in the foot.
    #[derive(Clone, Debug)]
    pub struct FootLink {
        pub label: &'static str,
        pub address: String,
    }

    /// The company, from the configuration.
    #[derive(Clone, Debug)]
    pub struct Brand {
        /// One line.
        pub name: String,
        pub logo: Option<File>,
        /// For the dark theme, if it differs.
        pub logo_dark: Option<File>,
        pub icon: Option<File>,
        /// The style sheet with the company's colours.
        pub colours: Option<File>,
        pub links: Vec<FootLink>,
        /// Whether pages under another name say who made them.
        pub credit: bool,
    }

    impl Default for Brand {
        fn default() -> Self {
            Self {
                name: NAME.to_owned(),
                logo: None,
                logo_dark: None,
                icon: None,
                colours: None,
                links: Vec::new(),
                credit: true,
            }
        }
    }

    impl Brand {
        /// Returns what pages show.
        pub fn shown(&self) -> Shown {
            Shown {
                name: self.name.clone(),
                mark: html(Some(self.mark())),
                foot: html(self.foot()),
            }
        }

        /// Returns the files that the head of a document names.
        pub fn head_files(&self) -> HeadFiles {
            let icon = self.icon.as_ref();
            HeadFiles {
                icon: icon.map(|icon| (icon.address.clone(), icon.kind)),
                colours: self.colours.as_ref().map(|file| file.address.clone()),
                key_prefix: None,
            }
        }

        /// Returns the files to serve.
        pub fn files(&self) -> impl Iterator<Item = &File> {
            let files = [&self.logo, &self.logo_dark, &self.icon, &self.colours];
            files.into_iter().flatten()
        }

        /// Returns the name as the beginning of an environment variable: `ACME_CLOUD`.
        pub fn variable(&self) -> String {
            let words = self.words().join("_").to_ascii_uppercase();
            // A variable begins with no digit.
            if words.starts_with(|first: char| first.is_ascii_uppercase()) {
                words
            } else {
                "API".to_owned()
            }
        }

        /// Returns the name as that of a file: `acme-cloud`.
        pub fn slug(&self) -> String {
            let words = self.words().join("-").to_ascii_lowercase();
            if words.is_empty() {
                "api".to_owned()
            } else {
                words
            }
        }

        fn words(&self) -> Vec<&str> {
            self.name
                .split(|letter: char| !letter.is_ascii_alphanumeric())
                .filter(|word| !word.is_empty())
                .collect()
        }

        fn mark(&self) -> AnyView {
            let name = self.name.clone();
            let Some(logo) = &self.logo else {
                return view! {
                    {Icon::KEY.draw()}
                    {name}
                }
                .into_any();
            };
            let picture = |file: &File, class: &'static str| {
                view! { <img class=class src=file.address.clone() alt=name.clone() /> }.into_any()
            };
            match &self.logo_dark {
                None => picture(logo, "logo"),
                Some(dark) => [picture(logo, "logo light"), picture(dark, "logo dark")].into_any(),
            }
        }

        fn foot(&self) -> Option<AnyView> {
            let credit = (self.credit && self.name != NAME)
                .then(|| view! { <span class="credit">"Powered by Keyhold"</span> }.into_any());
            let links = self.links.iter().map(|link| {
                view! {
                    <a href=link.address.clone() rel="external">
                        {link.label}
                    </a>
                }
                .into_any()
            });
            let parts: Vec<AnyView> = links.chain(credit).collect();
            (!parts.is_empty()).then(|| parts.into_any())
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn named(name: &str) -> Brand {
            Brand {
                name: name.to_owned(),
                ..Brand::default()
            }
        }

        #[test]
        fn a_name_becomes_that_of_a_variable_and_of_a_file() {
            for (name, variable, slug) in [
                (NAME, "KEYHOLD", "keyhold"),
                ("Acme Cloud, Inc.", "ACME_CLOUD_INC", "acme-cloud-inc"),
                ("4 Wheels", "API", "4-wheels"),
                ("\u{5de}\u{5e4}\u{5ea}\u{5d7}", "API", "api"),
            ] {
                let brand = named(name);
                assert_eq!(brand.variable(), variable, "{name}");
                assert_eq!(brand.slug(), slug, "{name}");
            }
        }

        #[test]
        fn a_hostile_name_is_text() {
            let mut brand = named("\"><script>alert(1)</script>");
            for logo in [false, true] {
                let shown = brand.shown();
                assert!(!shown.mark.contains("<script"), "{}", shown.mark);
                assert!(!shown.mark.contains('\n'));
                assert!(logo || shown.mark.contains("<svg"));
                brand.logo = Some(File {
                    address: "/brand/logo.0.svg".to_owned(),
                    kind: "image/svg+xml",
                    content: Arc::from([]),
                });
            }
        }

        #[test]
        fn only_another_name_is_credited() {
            assert_eq!(named(NAME).shown().foot, "");
            assert!(named("Acme").shown().foot.contains("Powered by Keyhold"));
            let silent = Brand {
                credit: false,
                ..named("Acme")
            };
            assert_eq!(silent.shown().foot, "");
        }
    }
}
