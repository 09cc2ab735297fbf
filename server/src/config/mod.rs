//! The configuration: flags of `keyhold serve`, each also an environment variable and a key of the configuration file. A bad
//! value stops the start with a sentence that names it.

pub mod brand;
pub mod client;
pub mod command_line;
pub mod commands;
mod company;
pub mod effective;
pub mod error;
mod exposure;
mod file;
pub mod files;
pub mod http;
mod limits;
mod links;
mod listeners;
mod mail;
pub mod masked;
pub mod settings;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use ipnet::{IpNet, Ipv6Net};
use vault::Keep;

use brand::BrandArgs;
use company::Company;
use error::{ConfigError, ValueError};
use files::{Files, TokenArgs};
use http::{HttpArgs, is_loopback_url};
use limits::LimitSettings;
use links::Links;
pub use listeners::MaybeAddress;
use mail::MailSettings;

/// Whether strangers can create accounts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SignUp {
    Open,
    Closed,
}

#[derive(Args, Clone, Debug)]
pub struct Config {
    #[command(flatten)]
    pub http: HttpArgs,

    #[command(flatten)]
    pub brand: BrandArgs,

    #[command(flatten)]
    pub links: Links,

    #[command(flatten)]
    pub company: Company,

    #[command(flatten)]
    pub files: Files,

    #[command(flatten)]
    pub mail: MailSettings,

    /// How many seconds the email about a manually expired key waits, so that one email covers all keys expired in
    /// that time.
    #[arg(
        long,
        env = "KEYHOLD_NOTICE_WAIT",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(0..=600),
        value_name = "SECONDS"
    )]
    pub notice_wait: u64,

    /// How many seconds this node verifies from memory while it cannot reach a PostgreSQL database, and the longest that a
    /// change waits for a node that is cut off. The same on all nodes.
    #[arg(
        long,
        env = "KEYHOLD_LEASE",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(5..=300),
        value_name = "SECONDS"
    )]
    pub lease: u32,

    /// Whether strangers can create accounts.
    #[arg(long, env = "KEYHOLD_SIGN_UP", default_value = "open", value_enum)]
    pub sign_up: SignUp,

    #[command(flatten)]
    pub limits: LimitSettings,

    /// Addresses or networks of proxies whose X-Forwarded-For is trusted, comma-separated.
    #[arg(
        long,
        env = "KEYHOLD_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true,
        value_name = "CIDR"
    )]
    pub trusted_proxies: Networks,

    /// Connections that one network address keeps when all connections are in use; those beyond are closed first.
    /// Trusted proxies have no such limit. Default: a quarter of all.
    #[arg(long, env = "KEYHOLD_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER")]
    pub connections_per_address: Option<NonZeroUsize>,

    /// Days that the audit trail is kept; 0: forever.
    #[arg(long, env = "KEYHOLD_KEEP_AUDIT_DAYS", default_value_t = Keep::DEFAULT.audit_days, value_name = "DAYS")]
    pub keep_audit_days: u32,

    /// Days that emails stay in the delivery log after they were sent or failed; 0: forever.
    #[arg(long, env = "KEYHOLD_KEEP_MAILS_DAYS", default_value_t = Keep::DEFAULT.mails_days, value_name = "DAYS")]
    pub keep_mails_days: u32,

    /// Where Prometheus reads metrics, at /metrics. Default: nowhere.
    #[arg(
        long,
        env = "KEYHOLD_METRICS_LISTEN",
        default_value = "",
        hide_default_value = true,
        value_name = "ADDRESS"
    )]
    pub metrics_listen: MaybeAddress,

    /// Where the management API and the operators' page are served, and nowhere else. Default: with everything else.
    #[arg(
        long,
        env = "KEYHOLD_ADMIN_LISTEN",
        default_value = "",
        hide_default_value = true,
        value_name = "ADDRESS"
    )]
    pub admin_listen: MaybeAddress,

    #[command(flatten)]
    pub token: TokenArgs,

    /// The folder with the site's files. Default: `site` beside the binary, or one folder up.
    #[arg(long, env = "KEYHOLD_SITE_ROOT", value_name = "FOLDER")]
    pub site_root: Option<PathBuf>,

    /// Fill an empty database with an account and keys in every state. Loopback only.
    #[arg(long)]
    pub demo: bool,
}

impl Config {
    /// Returns how long records are kept.
    pub fn keep(&self) -> Keep {
        Keep {
            audit_days: self.keep_audit_days,
            mails_days: self.keep_mails_days,
        }
    }

    /// Returns the base URL without a trailing slash. `bound` is the address that the listener took.
    ///
    /// # Errors
    /// A [`ConfigError`] if signing in there would not be safe.
    pub fn resolved_base_url(&self, bound: SocketAddr) -> Result<String, ConfigError> {
        let url = self.http.resolved_base_url(bound)?;
        self.company.leads_elsewhere(&url)?;
        if self.demo && !(bound.ip().is_loopback() && is_loopback_url(&url)) {
            return Err(ConfigError::PublicDemo { bound, url });
        }
        Ok(url)
    }

    /// Returns the folder with the site's files.
    ///
    /// # Errors
    /// A [`ConfigError`] if the folder is missing.
    pub fn resolved_site_root(&self) -> Result<PathBuf, ConfigError> {
        let candidates = if let Some(folder) = &self.site_root {
            vec![folder.clone()]
        } else {
            let executable = std::env::current_exe().map_err(ConfigError::Executable)?;
            let beside = executable.parent().unwrap_or(&executable);
            vec![beside.join("site"), beside.join("../site")]
        };
        let found = candidates
            .iter()
            .filter(|folder| folder.join("pkg").is_dir())
            .find_map(|folder| folder.canonicalize().ok());
        found.ok_or_else(|| {
            let folders = candidates.iter().map(|folder| folder.display().to_string());
            ConfigError::SiteFiles {
                folders: folders.collect::<Vec<_>>().join(" or "),
            }
        })
    }
}

/// Networks of trusted proxies; empty means none.
#[derive(Clone, Debug, Default)]
pub struct Networks(pub Vec<IpNet>);

impl FromStr for Networks {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Parses a network, or an address as a network of one. IPv4 written as IPv6 becomes IPv4, because requests carry
/// that form.
fn network(text: &str) -> Result<IpNet, ValueError> {
    let network = text
        .parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        .ok_or_else(|| ValueError::Network(text.to_owned()))?;
    let network = canonical(network);
    let covers_every_address = match network {
        IpNet::V4(v4) => v4.prefix_len() == 0,
        IpNet::V6(v6) => v6.contains(&MAPPED),
    };
    if covers_every_address {
        return Err(ValueError::EveryAddress(text.to_owned()));
    }
    Ok(network)
}

/// All of IPv4, written as IPv6 (RFC 4291, section 2.5.5.2).
const MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::from_bits(0xffff << 32), 96);

fn canonical(network: IpNet) -> IpNet {
    match (network, network.addr().to_canonical()) {
        (IpNet::V6(v6), IpAddr::V4(address)) if MAPPED.contains(&v6) => {
            IpNet::new_assert(address.into(), v6.prefix_len() - MAPPED.prefix_len())
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use clap::Parser;

    use super::commands::{Command, CommandLine};
    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, clap::Error> {
        let line = CommandLine::try_parse_from([&["keyhold", "serve"], arguments].concat())?;
        match line.command {
            Command::Serve(config) => Ok(*config),
            other => panic!("{other:?} is not serve"),
        }
    }

    fn sentence(arguments: &[&str]) -> String {
        config(arguments).map_or_else(
            |error| error.to_string(),
            |config| format!("accepted: {config:?}"),
        )
    }

    #[test]
    fn a_bad_value_is_named() {
        assert!(sentence(&["--frobnicate"]).contains("--frobnicate"));
        assert!(sentence(&["--listen", "everywhere"]).contains("everywhere"));
        assert!(sentence(&["--base-url", "ftp://example.com"]).contains("ftp://example.com"));
        assert!(sentence(&["--base-url", "https://example.com/keys"]).contains("no path"));
        assert!(sentence(&["--base-url", "https://example.com#keys"]).contains("no path"));
        assert!(sentence(&["--sign-up", "perhaps"]).contains("perhaps"));
        assert!(sentence(&["--metrics-listen", "9090"]).contains("9090"));
        assert!(sentence(&["--accent", "blue"]).contains("\"blue\" is not a colour"));
        assert!(sentence(&["--key-prefix", "kho"]).contains("lower-case"));
        assert!(sentence(&["--credit", "perhaps"]).contains("perhaps"));
        assert!(sentence(&["--name", "a\nb"]).contains("one line"));
        assert!(sentence(&["--limit-sign-ups", "many"]).contains("--limit-sign-ups"));
        assert!(sentence(&["--trusted-proxies", "10.0.0.0/8,nonsense"]).contains("nonsense"));
        for range in ["0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/0"] {
            let message = sentence(&["--trusted-proxies", range]);
            assert!(message.contains("/0\" covers every address"), "{message}");
        }
        assert!(sentence(&["--connections-per-address", "0"]).contains("zero"));
        assert!(sentence(&["--sign-in-url", "/keys"]).contains("--sign-in-url"));
        assert!(sentence(&["--sign-in-url", "http://app.example.com"]).contains("plain http"));
        assert!(sentence(&["--return-hosts", "a.example,*.b.example"]).contains("\"*.b.example\""));
        for lease in ["4", "301", "1.5"] {
            assert!(sentence(&["--lease", lease]).contains("--lease"));
        }
    }

    #[test]
    fn a_trusted_proxy_may_be_an_address() -> Result<(), Box<dyn Error>> {
        let config = config(&["--trusted-proxies", "10.0.0.5, ::1,192.168.0.0/16"])?;
        let networks = config.trusted_proxies.0.iter().map(ToString::to_string);
        let networks: Vec<_> = networks.collect();
        assert_eq!(networks, ["10.0.0.5/32", "::1/128", "192.168.0.0/16"]);
        Ok(())
    }

    /// Requests carry IPv4 addresses, so a network left in its IPv6 form would contain none of them.
    #[test]
    fn ipv4_written_as_ipv6_is_a_network_of_ipv4() -> Result<(), Box<dyn Error>> {
        let written = "::ffff:10.0.0.5,::ffff:10.0.0.0/104,::ffff:0a01:0/112";
        let config = config(&["--trusted-proxies", written])?;
        let networks = config.trusted_proxies.0.iter().map(ToString::to_string);
        let networks: Vec<_> = networks.collect();
        assert_eq!(networks, ["10.0.0.5/32", "10.0.0.0/8", "10.1.0.0/16"]);
        for wide in ["::ffff:0.0.0.0/96", "::ffff:0.0.0.0/95", "::/80"] {
            let message = sentence(&["--trusted-proxies", wide]);
            assert!(
                message.contains("\" covers every address"),
                "{wide}: {message}"
            );
        }
        Ok(())
    }

    #[test]
    fn an_empty_value_counts_as_absent() -> Result<(), Box<dyn Error>> {
        let config = config(&[
            "--base-url",
            "",
            "--trusted-proxies",
            "",
            "--metrics-listen",
            "",
        ])?;
        let bound = SocketAddr::from(([127, 0, 0, 1], 3000));
        assert_eq!(config.resolved_base_url(bound)?, "http://127.0.0.1:3000");
        assert!(config.trusted_proxies.0.is_empty());
        assert!(config.metrics_listen.0.is_none());
        Ok(())
    }

    #[test]
    fn the_sign_in_page_is_not_our_own() -> Result<(), Box<dyn Error>> {
        let bound = SocketAddr::from(([127, 0, 0, 1], 3000));
        let own = config(&["--sign-in-url", "http://127.0.0.1:3000/sign-in"])?;
        let refused = own.resolved_base_url(bound);
        assert!(matches!(refused, Err(ConfigError::SignInHere { .. })));
        let other = config(&["--sign-in-url", "http://127.0.0.1:5000/keys"])?;
        assert!(other.resolved_base_url(bound).is_ok());
        Ok(())
    }

    #[test]
    fn the_demonstration_stays_on_loopback() -> Result<(), Box<dyn Error>> {
        let bound = SocketAddr::from(([127, 0, 0, 1], 3000));
        assert!(config(&["--demo"])?.resolved_base_url(bound).is_ok());
        let published = config(&["--demo", "--base-url", "https://keys.example.com"])?;
        assert!(published.resolved_base_url(bound).is_err());
        Ok(())
    }
}
