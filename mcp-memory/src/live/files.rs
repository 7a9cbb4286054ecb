//! Handles as files of a directory, which the operating system holds locks of.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::MemoryError;
use crate::crypto::random;

/// The file of a handle, locked for as long as the process lives.
pub(crate) struct Presence {
    folder: PathBuf,
    path: PathBuf,
    file: File,
}

impl Presence {
    /// Makes a handle known.
    pub(crate) fn enter(directory: &Path, epoch: i64) -> Result<Self, MemoryError> {
        let failed = MemoryError::doing("opened");
        let folder = directory.join("live");
        fs::create_dir_all(&folder).map_err(&failed)?;
        let name: [u8; 8] = random()?;
        let path = folder.join(format!("{:016x}", u64::from_le_bytes(name)));
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path).map_err(&failed)?;
        file.lock().map_err(&failed)?;
        let mut presence = Self { folder, path, file };
        presence.passed(epoch)?;
        Ok(presence)
    }

    /// Says that nothing is left here of what was erased up to an epoch.
    pub(crate) fn passed(&mut self, epoch: i64) -> Result<(), MemoryError> {
        let failed = MemoryError::doing("written");
        self.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        // Always as long: it is replaced in one piece.
        self.file.write_all(format!("{epoch:020}").as_bytes()).map_err(&failed)
    }

    /// How many handles have not passed an epoch. Those of processes that died are cleared away.
    pub(crate) fn behind(&self, epoch: i64) -> Result<usize, MemoryError> {
        Ok(others(&self.folder)?.into_iter().filter(|passed| *passed < epoch).count())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Where it cannot be removed, whoever finds it unlocked does that.
        drop(fs::remove_file(&self.path));
    }
}

/// Whether anybody has a directory open.
pub(crate) fn is_open(directory: &Path) -> Result<bool, MemoryError> {
    let folder = directory.join("live");
    if !folder.exists() {
        return Ok(false);
    }
    Ok(!others(&folder)?.is_empty())
}

/// The epochs that living handles have passed.
fn others(folder: &Path) -> Result<Vec<i64>, MemoryError> {
    let failed = MemoryError::doing("read");
    let mut passed = Vec::new();
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        // One that ends at this moment.
        let Ok(mut file) = File::open(&path) else { continue };
        if file.try_lock_shared().is_ok() {
            drop(fs::remove_file(&path));
            continue;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(&failed)?;
        // One that begins at this moment has nothing yet of what was erased before.
        passed.push(text.parse().unwrap_or(i64::MAX));
    }
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_live_are_counted_until_they_have_passed() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_open(directory.path()).unwrap());
        let mut one = Presence::enter(directory.path(), 3).unwrap();
        let two = Presence::enter(directory.path(), 4).unwrap();
        assert_eq!((one.behind(3).unwrap(), one.behind(4).unwrap(), one.behind(5).unwrap()), (0, 1, 2));
        one.passed(5).unwrap();
        assert_eq!(one.behind(5).unwrap(), 1);
        drop(two);
        assert_eq!(one.behind(5).unwrap(), 0);
        // Somebody died here.
        fs::write(directory.path().join("live/00"), "1").unwrap();
        assert_eq!(one.behind(5).unwrap(), 0);
        assert!(!directory.path().join("live/00").exists());
        assert!(is_open(directory.path()).unwrap());
        drop(one);
        assert!(!is_open(directory.path()).unwrap());
    }
}
