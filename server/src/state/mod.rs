//! The state that every handler can reach.

pub mod site_files;

use std::path::Path;
use std::sync::Arc;

use app::brand::{HeadFiles, Shown};
use app::server_fns::registry::{self, Function};
use app::site::Site;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use shared::prefix::Prefix;
use vault::Vault;

use site_files::Files;

/// Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// The shared part of [`AppState`].
pub struct Inner {
    pub vault: Vault,
    pub site: Arc<Site>,
    /// What pages show of the company.
    pub(crate) shown: Shown,
    pub(crate) files: Files,
    pub trusted_proxies: Vec<IpNet>,
    pub(crate) leptos: LeptosOptions,
    pub(crate) functions: Vec<Function>,
}

impl std::ops::Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl AppState {
    /// Returns what the head of each document has of the company.
    pub(crate) fn head_files(&self) -> HeadFiles {
        let prefix = self.vault.key_prefix();
        HeadFiles {
            key_prefix: (prefix != Prefix::KEYHOLD).then(|| prefix.to_string()),
            ..self.site.brand.head_files()
        }
    }

    /// Reads the files of `site_root`: `pkg/` and, if the files' names carry their hashes, `hash.txt`.
    pub fn new(
        vault: Vault,
        site: Site,
        site_root: impl AsRef<Path>,
        trusted_proxies: Vec<IpNet>,
    ) -> Self {
        let site_root = site_root.as_ref();
        let list = site_root.join("hash.txt");
        let hashed = list.is_file();
        let leptos = LeptosOptions::builder()
            .output_name("keyhold")
            .site_root(site_root.to_string_lossy())
            .env(leptos::config::Env::PROD)
            .hash_files(hashed)
            .hash_file(list.to_string_lossy().as_ref().into())
            .build();
        Self(Arc::new(Inner {
            vault,
            shown: site.brand.shown(),
            files: Files::read(site_root, hashed).with(site.brand.files()),
            site: Arc::new(site),
            trusted_proxies,
            leptos,
            functions: registry::all(),
        }))
    }
}
