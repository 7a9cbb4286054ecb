//! Views on disk: what is derived from the store, so that it need not be derived again. Always sealed, also where memories are not.
//!
//! A file's key covers the subjects that the view has anything of: with one of them it is destroyed, and with it whatever was written
//! with it, wherever that is. A file that does not open, is of another form or too old to be brought up to date is as good as none.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::MemoryError;
use crate::crypto::{Cipher, KeyId, KeyRing, random};
use crate::text::Analyzer;
use crate::view::View;

const MAGIC: &[u8; 8] = b"MEMVIEW1";
/// Bytes that are sealed together.
const CHUNK: usize = 1 << 20;

/// What a view was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// All changes up to this one are in it.
    pub(crate) seq: i64,
    /// The model of its vectors.
    pub(crate) model: Option<i64>,
}

/// The folder of the views.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// What the store went by since it was restored last: views of before are of no use, though numbers of changes may fit.
    since: RwLock<Vec<u8>>,
}

impl Folder {
    pub(crate) fn of(directory: &Path, since: Vec<u8>) -> Self {
        Self { path: directory.join("derived"), since: RwLock::new(since) }
    }

    /// Forgets all that was derived: the store is another one now.
    #[cfg(feature = "postgres")]
    pub(crate) fn renew(&self, since: Vec<u8>) -> io::Result<()> {
        *self.since.write() = since;
        self.clear()
    }

    /// What a file is bound to.
    fn bound(&self, ring: &KeyRing, namespace: i64, key: KeyId) -> Vec<u8> {
        [&ring.store()[..], &namespace.to_le_bytes(), &key.to_le_bytes(), &self.since.read()].concat()
    }

    fn path(&self, namespace: i64) -> PathBuf {
        self.path.join(format!("{namespace}.view"))
    }

    /// Writes a view in the place of the one before; nothing if somebody was erased since an epoch.
    pub(crate) fn write(
        &self,
        ring: &KeyRing,
        namespace: i64,
        epoch: i64,
        made: Made,
        view: &RwLock<View>,
    ) -> Result<bool, MemoryError> {
        let failed = MemoryError::doing("written: what is derived of it");
        let view = view.read();
        let Some((key, cipher)) = ring.covering(&owner(ring, namespace), &view.subjects(), epoch)? else {
            return Ok(false);
        };
        fs::create_dir_all(&self.path).map_err(&failed)?;
        let path = self.path(namespace);
        let part = self.path.join(format!("{namespace}.{:016x}.part", u64::from_le_bytes(random()?)));
        let beside = part.clone();
        let write = move || {
            let mut file = File::create(&part)?;
            file.write_all(MAGIC)?;
            file.write_all(&key.to_le_bytes())?;
            let mut sealed = Sealed::new(file, self.bound(ring, namespace, key), cipher);
            sealed.write_all(&made.seq.to_le_bytes())?;
            sealed.write_all(&made.model.unwrap_or(-1).to_le_bytes())?;
            view.write(&mut sealed)?;
            // Nobody has to wait for the disk.
            drop(view);
            sealed.finish()?.sync_data()?;
            fs::rename(&part, &path)
        };
        let written = write();
        if written.is_err() {
            drop(fs::remove_file(&beside));
        }
        written.map(|()| true).map_err(&failed)
    }

    /// Reads a view; nothing where there is none that can be used.
    pub(crate) fn read(
        &self,
        ring: &KeyRing,
        namespace: i64,
        analyzer: &Arc<Analyzer>,
    ) -> Option<(Made, View)> {
        let file = File::open(self.path(namespace)).ok()?;
        let read = || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
            let mut file = BufReader::new(file);
            let key = key(&mut file)?;
            let cipher = ring.sealing_cipher(key)?;
            let mut clear = Opened::new(file, self.bound(ring, namespace, key), cipher);
            let (mut seq, mut model) = ([0; 8], [0; 8]);
            clear.read_exact(&mut seq)?;
            clear.read_exact(&mut model)?;
            let model = Some(i64::from_le_bytes(model)).filter(|model| *model >= 0);
            let view = View::read(Arc::clone(analyzer), &mut clear)?;
            Ok((Made { seq: i64::from_le_bytes(seq), model }, view))
        };
        read().inspect_err(|error| tracing::info!(%error, namespace, "a view is made anew")).ok()
    }

    /// Removes what nobody can open any more, and what was not written to its end.
    pub(crate) fn sweep(&self, ring: &KeyRing) -> Result<(), MemoryError> {
        let failed = MemoryError::doing("written: what is derived of it");
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let keys = ring.ids()?;
        for entry in entries {
            let path = entry.map_err(&failed)?.path();
            // One that is gone by now.
            let Ok(mut file) = File::open(&path) else { continue };
            if !key(&mut file).is_ok_and(|key| keys.contains(&key)) {
                drop(fs::remove_file(&path));
            }
        }
        Ok(())
    }

    /// Removes all: the store is another one now.
    pub(crate) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn owner(ring: &KeyRing, namespace: i64) -> [u8; 16] {
    ring.lookup().of("derived", &[&namespace.to_le_bytes()])
}

fn key(file: &mut impl Read) -> io::Result<KeyId> {
    let (mut magic, mut key) = ([0; 8], [0; 8]);
    file.read_exact(&mut magic)?;
    file.read_exact(&mut key)?;
    if magic == *MAGIC { Ok(i64::from_le_bytes(key)) } else { Err(io::Error::other("no view")) }
}

/// What a chunk is bound to: the file, its place there, and whether it is the last.
fn bound_chunk(file: &[u8], number: u64, is_last: bool) -> Vec<u8> {
    [file, &number.to_le_bytes(), &[u8::from(is_last)]].concat()
}

/// Seals what is written, chunk by chunk.
struct Sealed {
    file: File,
    bound: Vec<u8>,
    cipher: Cipher,
    number: u64,
    chunk: Vec<u8>,
}

impl Sealed {
    fn new(file: File, bound: Vec<u8>, cipher: Cipher) -> Self {
        Self { file, bound, cipher, number: 0, chunk: Vec::with_capacity(CHUNK) }
    }

    fn put(&mut self, is_last: bool) -> io::Result<()> {
        let bound = bound_chunk(&self.bound, self.number, is_last);
        let sealed = self.cipher.seal(&bound, &self.chunk).map_err(io::Error::other)?;
        self.file.write_all(&u32::try_from(sealed.len()).map_err(io::Error::other)?.to_le_bytes())?;
        self.file.write_all(&sealed)?;
        self.number += 1;
        self.chunk.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<File> {
        self.put(true)?;
        Ok(self.file)
    }
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            self.put(false)?;
        }
        let room = CHUNK - self.chunk.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what is read, chunk by chunk.
struct Opened<R> {
    file: R,
    bound: Vec<u8>,
    cipher: Cipher,
    number: u64,
    chunk: Vec<u8>,
    at: usize,
    was_last: bool,
}

impl<R: Read> Opened<R> {
    const fn new(file: R, bound: Vec<u8>, cipher: Cipher) -> Self {
        Self { file, bound, cipher, number: 0, chunk: Vec::new(), at: 0, was_last: false }
    }

    fn next(&mut self) -> io::Result<()> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > CHUNK + 64 {
            return Err(io::Error::other("a chunk is too long"));
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed)?;
        let open = |is_last| self.cipher.open(&bound_chunk(&self.bound, self.number, is_last), &sealed);
        // Only the last one may be short.
        let guess = length < CHUNK;
        let opened =
            open(guess).map(|chunk| (guess, chunk)).or_else(|_| open(!guess).map(|chunk| (!guess, chunk)));
        (self.was_last, self.chunk) = opened.map_err(io::Error::other)?;
        (self.number, self.at) = (self.number + 1, 0);
        Ok(())
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() && !self.was_last {
            self.next()?;
        }
        let left = self.chunk.get(self.at..).unwrap_or_default();
        let many = left.len().min(to.len());
        if let (Some(to), Some(from)) = (to.get_mut(..many), left.get(..many)) {
            to.copy_from_slice(from);
        }
        self.at += many;
        Ok(many)
    }
}
