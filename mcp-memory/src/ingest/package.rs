//! ZIP archives with documents in them, which may be made to unpack to more than there is room for.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::IngestError;

const ENTRIES: usize = 10_000;
/// Bytes that are unpacked of one archive.
const UNPACKED: u64 = 128 * 1024 * 1024;

/// An archive, and how much may still be unpacked of it.
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    format: &'static str,
    left: u64,
}

/// Whether bytes are an archive with an entry.
pub(super) fn holds(bytes: &[u8], name: &str) -> bool {
    ZipArchive::new(Cursor::new(bytes)).is_ok_and(|mut archive| archive.by_name(name).is_ok())
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8], format: &'static str) -> Result<Self, IngestError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(IngestError::broken(format))?;
        if archive.len() > ENTRIES {
            return Err(IngestError::TooLarge { what: "too many entries", most: ENTRIES as u64 });
        }
        Ok(Self { archive, format, left: UNPACKED })
    }

    /// The text of an entry, if there is one with the name.
    pub(super) fn entry(&mut self, name: &str) -> Result<Option<String>, IngestError> {
        let entry = match self.archive.by_name(name) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(IngestError::broken(self.format)(error)),
        };
        let mut bytes = Vec::new();
        // What the archive says of its size may be wrong.
        entry.take(self.left + 1).read_to_end(&mut bytes).map_err(IngestError::broken(self.format))?;
        let length = bytes.len() as u64;
        if length > self.left {
            return Err(IngestError::TooLarge { what: "too many bytes when unpacked", most: UNPACKED });
        }
        self.left -= length;
        super::decode::text(&bytes).map(Some)
    }

    /// The text of an entry that has to be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, IngestError> {
        let found = self.entry(name)?;
        found.ok_or_else(|| IngestError::broken(self.format)(format!("it has no `{name}`")))
    }
}
