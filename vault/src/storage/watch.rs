//! The watch over the files under a running server. A file that was removed, replaced or truncated can still be read
//! and written without an error, and everything written to it is lost. So the file behind the name is compared with the
//! one that was opened: several times a second, and around each commit, so that no lost change is acknowledged.
//!
//! Verification continues meanwhile: it is answered from memory, and since no change is acknowledged, memory is true.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::{beside, sync_folder, unused};
use crate::state::readiness::{Cause, Readiness};

/// SQLite's header: <https://sqlite.org/fileformat2.html#database_header>.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The position of the change counter in the header, four bytes, the highest first.
const CHANGES: std::ops::Range<usize> = 24..28;
/// The header of a write-ahead log, and that of each of its frames: <https://sqlite.org/fileformat2.html#walformat>.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;
/// The magic number of a log; its last bit gives the byte order of its checksums.
const LOG_MAGIC: u32 = 0x377f_0682;
/// The position of the salts in its header, which tell one run of the log from the next, eight bytes.
const SALTS: std::ops::Range<usize> = 16..24;
const LOG_CUT: &str = "has lost its write-ahead log, which was truncated";

/// Identity of a file among others of its name. While the file is open, its number cannot be reused.
type Identity = (u64, u64);

fn identity(data: &Metadata) -> Identity {
    (data.dev(), data.ino())
}

/// The sizes that SQLite reports, all of the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    pub size: u64,
    pub count: u64,
    /// Frames of the write-ahead log in use.
    pub frames: u64,
}

/// The header of the write-ahead log, and its length.
struct Log {
    /// Whether it has the magic number of a log.
    begins: bool,
    salts: [u8; 8],
    length: u64,
}

pub struct Watch {
    path: PathBuf,
    /// Locked, and kept open for as long as the connections: see [`super::lock::Lock::of_file`].
    file: Arc<File>,
    opened: Identity,
    readiness: Arc<Readiness>,
    /// Never cleared: only a restart helps.
    lost: AtomicBool,
    /// The log has lost frames that its index refers to. Folding it in would mix old pages with new ones.
    log_cut: AtomicBool,
    seen: Mutex<Seen>,
}

/// The findings of earlier checks.
#[derive(Default)]
struct Seen {
    /// The write-ahead log and its index.
    log: Option<Identity>,
    index: Option<Identity>,
    size: u64,
    changes: u32,
    /// The log after the last commit: its salts, and its length in bytes.
    written: Option<([u8; 8], u64)>,
    /// The finding of the last check, believed if the next one repeats it: SQLite may write between two queries.
    suspicion: Option<&'static str>,
}

impl Seen {
    /// Whether the log was longer after the last commit. Other salts mean that it was folded in and then started over.
    fn is_longer_than(&self, log: &Log) -> bool {
        self.written
            .is_some_and(|(salts, length)| salts == log.salts && length > log.length)
    }
}

impl Watch {
    pub fn new(path: PathBuf, file: Arc<File>, readiness: Arc<Readiness>) -> std::io::Result<Self> {
        Ok(Self {
            opened: identity(&file.metadata()?),
            path,
            file,
            readiness,
            lost: AtomicBool::new(false),
            log_cut: AtomicBool::new(false),
            seen: Mutex::default(),
        })
    }

    /// Returns whether the name still leads to the file that was opened: one `stat`. If not, reports the fault, and
    /// clears it once the very same file is back.
    pub fn is_ours(&self) -> bool {
        if self.lost.load(Ordering::Acquire) {
            return false;
        }
        let found = match self.path.metadata() {
            Ok(data) if identity(&data) == self.opened => {
                if self.readiness.recover(Cause::File) {
                    tracing::info!("the database file is back: changes are accepted again");
                }
                return true;
            }
            Ok(_) => "was replaced by another file".to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                "was removed, or its volume is no longer mounted".to_owned()
            }
            Err(error) => format!("cannot be checked ({error})"),
        };
        self.fail(&format!(
            "{found}. Put the previous file back, or restart keyhold to continue with the present one"
        ));
        false
    }

    /// Returns whether a restart would find the change that was just committed.
    pub fn keeps(&self) -> bool {
        let kept = self.is_ours() && self.log_is_whole();
        if kept {
            let written = self.log().map(|log| (log.salts, log.length));
            self.seen().written = written;
        }
        kept
    }

    /// Returns whether the log still has everything that was written to it. A log that was cut and then extended is as
    /// long as before, but has a hole: so this is checked before each commit too.
    pub fn log_is_whole(&self) -> bool {
        let Some(log) = self.log() else {
            return true;
        };
        if self.seen().is_longer_than(&log) || !log.begins {
            self.lose(LOG_CUT);
            return false;
        }
        true
    }

    /// Returns whether the file has lost its name, and its sound log would be read with any other file that gets the
    /// name.
    pub fn leaves_its_log(&self) -> bool {
        let found = self.path.metadata();
        let named = found.is_ok_and(|data| identity(&data) == self.opened);
        !named && !self.log_is_cut() && self.log().is_none_or(|log| log.begins)
    }

    /// Moves the write-ahead log away from another file that has the name now. Returns its new path; none if there is
    /// no such file, or if the log is not the one that was seen here.
    pub fn set_log_aside(&self) -> std::io::Result<Option<PathBuf>> {
        let log = beside(&self.path, "-wal");
        let seen = self.seen();
        let (Ok(file), Ok(found)) = (self.path.metadata(), log.metadata()) else {
            return Ok(None);
        };
        let foreign = identity(&file) != self.opened && seen.log == Some(identity(&found));
        if !foreign || found.len() == 0 {
            return Ok(None);
        }
        let aside = unused(&self.path, ".replaced-wal");
        std::fs::rename(log, &aside)?;
        sync_folder(&self.path)?;
        Ok(Some(aside))
    }

    /// Returns none for an empty or missing log, which a further check judges.
    fn log(&self) -> Option<Log> {
        let file = File::open(beside(&self.path, "-wal")).ok()?;
        let mut header = [0; 32];
        file.read_exact_at(&mut header, 0).ok()?;
        let [m0, m1, m2, m3, ..] = header;
        Some(Log {
            begins: u32::from_be_bytes([m0, m1, m2, m3]) & !1 == LOG_MAGIC,
            salts: header[SALTS].try_into().unwrap_or_default(),
            length: file.metadata().ok()?.len(),
        })
    }

    /// Takes note that the log was folded in and emptied here.
    pub fn log_was_emptied(&self) {
        self.seen().written = None;
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the log has lost frames, so that it must not be folded in.
    pub fn log_is_cut(&self) -> bool {
        self.log_cut.load(Ordering::Acquire)
    }

    /// Returns the size of the write-ahead log in bytes.
    pub fn log_bytes(&self) -> u64 {
        beside(&self.path, "-wal")
            .metadata()
            .map_or(0, |data| data.len())
    }

    /// Checks for damage that a `stat` of the database does not show: the database, its write-ahead log or the log's
    /// index overwritten, truncated, replaced or removed. Returns whether the fault is new and the log can still be
    /// folded in by the connections that have it open.
    pub fn look(&self, pages: Option<Pages>) -> bool {
        if !self.is_ours() {
            return false;
        }
        let mut seen = self.seen();
        let found = self.suspicion(&mut seen, pages);
        let certain = found.is_some() && found == seen.suspicion;
        seen.suspicion = found;
        let Some(found) = found.filter(|_| certain) else {
            return false;
        };
        self.lose(found);
        !self.log_is_cut()
    }

    fn lose(&self, found: &str) {
        self.lost.store(true, Ordering::Release);
        let advice = if found == LOG_CUT {
            self.log_cut.store(true, Ordering::Release);
            "Changes that were only in the log are lost. Restart keyhold to continue with the content of the file"
        } else {
            "Restart keyhold, with SIGTERM rather than SIGKILL so that it saves what it can"
        };
        self.fail(&format!(
            "{found}. {advice}; if it then finds damage, `keyhold restore FILE` puts a backup in its place"
        ));
    }

    fn suspicion(&self, seen: &mut Seen, pages: Option<Pages>) -> Option<&'static str> {
        let mut header = [0; 100];
        // A disk that cannot be read for a moment says nothing about its content. The writer detects and survives that
        // itself; a finding here is final.
        let size = self.file.metadata().ok()?.len();
        let header_is_there = match self.file.read_exact_at(&mut header, 0) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            Err(_) => return None,
        };
        // SQLite itself shrinks the file on a vacuum.
        if size < seen.size && pages.is_none_or(|pages| size < pages.count * pages.size) {
            return Some("was truncated");
        }
        seen.size = size;
        if !header_is_there || header[..16] != *MAGIC {
            return Some("was overwritten");
        }
        let changes = header[CHANGES]
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
        if changes < seen.changes {
            return Some("was overwritten by an older one");
        }
        seen.changes = changes;
        let Some(log) = of_sidefile(&self.path, "-wal", &mut seen.log) else {
            return Some("has lost its write-ahead log, which was removed or replaced");
        };
        let short = match pages {
            Some(pages) if pages.frames > 0 => {
                log < LOG_HEADER + pages.frames * (pages.size + FRAME_HEADER)
            }
            Some(_) => {
                // Another process folded it in and emptied it.
                if log == 0 {
                    seen.written = None;
                }
                false
            }
            // SQLite cannot even tell the number of pages if the newest version of the first one was in the log.
            None => seen.written.is_some() && log < LOG_HEADER,
        };
        let read = self.log();
        if short || read.is_some_and(|log| !log.begins || seen.is_longer_than(&log)) {
            return Some(LOG_CUT);
        }
        if of_sidefile(&self.path, "-shm", &mut seen.index).is_none() {
            return Some(
                "has lost the index of its write-ahead log, which was removed or replaced",
            );
        }
        None
    }

    fn fail(&self, found: &str) {
        let sentence = format!("the database file {} {found}", self.path.display());
        if self.readiness.fail(Cause::File, &sentence) {
            tracing::error!("{sentence}. Changes are rejected; verification continues from memory");
        }
    }
}

/// Returns the size of a file beside the database, if it is the one that was there at first. SQLite keeps both for as
/// long as there are connections.
fn of_sidefile(database: &Path, ending: &str, known: &mut Option<Identity>) -> Option<u64> {
    match beside(database, ending).metadata() {
        Ok(data) => {
            (*known.get_or_insert_with(|| identity(&data)) == identity(&data)).then_some(data.len())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => known.is_none().then_some(u64::MAX),
        // Unknown, while the database itself is visible.
        Err(_) => Some(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Only a restart clears "was overwritten", so a disk with temporary errors must not cause it.
    #[test]
    fn a_file_that_cannot_be_read_was_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyhold.db");
        let write_only = File::options().write(true).create_new(true).open(&path);
        let (file, readiness) = (Arc::new(write_only.unwrap()), Arc::default());
        let watch = Watch::new(path, file, Arc::clone(&readiness)).unwrap();
        for _ in 0..3 {
            assert!(!watch.look(None));
        }
        assert_eq!(readiness.fault(Cause::File), None);
        assert!(watch.is_ours());
    }
}
