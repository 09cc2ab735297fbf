//! What every handler can reach.

use std::path::PathBuf;
use std::sync::Arc;

use app::functions::registry::{self, Function};
use app::request::Site;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use vault::Vault;

/// Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// What [`AppState`] points to.
pub struct Inner {
    pub vault: Vault,
    pub site: Arc<Site>,
    pub site_root: PathBuf,
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
    /// `site_root` holds `pkg/` and, where the files' names carry their hashes, `hash.txt`.
    pub fn new(vault: Vault, site: Site, site_root: PathBuf, trusted_proxies: Vec<IpNet>) -> Self {
        let hashes = site_root.join("hash.txt");
        let leptos = LeptosOptions::builder()
            .output_name("keyhold")
            .site_root(site_root.to_string_lossy())
            .env(leptos::config::Env::PROD)
            .hash_files(hashes.is_file())
            .hash_file(hashes.to_string_lossy().as_ref().into())
            .build();
        Self(Arc::new(Inner {
            vault,
            site: Arc::new(site),
            site_root,
            trusted_proxies,
            leptos,
            functions: registry::all().to_vec(),
        }))
    }
}
