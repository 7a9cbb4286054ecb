//! The file that is installed: a ZIP archive with the manifest and the server.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use ignore::WalkBuilder;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::PackageError;
use super::manifest::FOLDER;

/// A file that goes into a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// Where it will be in the bundle.
    pub name: String,
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bundle {
    /// Bytes of it.
    pub size: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// What is in it, beside the manifest.
    pub files: Vec<Entry>,
}

/// Writes a bundle with a program, and files and folders beside it. The same files make the same bytes. What `.gitignore` and `.mcpbignore` name is left
/// out.
///
/// # Errors
/// A file cannot be read, two of them have the same name, or the bundle cannot be written.
pub fn bundle(to: &Path, manifest: &Value, program: &Path, more: &[PathBuf]) -> Result<Bundle, PackageError> {
    let mut files = collect(program)?;
    for path in more {
        files.extend(collect(path)?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.dedup();
    if let Some([first, second]) = files.array_windows().find(|[first, second]| first.name == second.name) {
        let problem = format!(
            "must not name two files that are called the same: {} and {}",
            first.path.display(),
            second.path.display()
        );
        return Err(PackageError::option("--file", problem));
    }
    // What is not finished bears another name.
    let beside = to.with_extension("part");
    let written = write(&beside, manifest, &files).and_then(|written| {
        fs::rename(&beside, to).map_err(cannot("write", to))?;
        Ok(written)
    });
    let (size, sha256) = match written {
        Ok(written) => written,
        Err(error) => {
            drop(fs::remove_file(&beside));
            return Err(error);
        }
    };
    Ok(Bundle { size, sha256, files })
}

fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::File { doing, path, source }
}

/// A file, or those of a folder.
fn collect(path: &Path) -> Result<Vec<Entry>, PackageError> {
    let base = path.parent().unwrap_or(Path::new(""));
    if !path.exists() {
        return Err(cannot("read", path)(io::ErrorKind::NotFound.into()));
    }
    let mut walk = WalkBuilder::new(path);
    walk.git_global(false).require_git(false).hidden(false).add_custom_ignore_filename(".mcpbignore");
    let mut found = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| PackageError::Zip(error.to_string()))?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) || entry.file_name() == ".mcpbignore" {
            continue;
        }
        let inner = entry.path().strip_prefix(base).unwrap_or(entry.path());
        let parts: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        found.push(Entry { name: format!("{FOLDER}/{}", parts.join("/")), path: entry.path().to_owned() });
    }
    Ok(found)
}

fn write(to: &Path, manifest: &Value, files: &[Entry]) -> Result<(u64, String), PackageError> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(to)
        .map_err(cannot("write", to))?;
    let failed = |error: zip::result::ZipError| PackageError::Zip(error.to_string());
    let mut zip = ZipWriter::new(file);
    // Nothing of the time and the machine at which it is made.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    zip.start_file("manifest.json", options.unix_permissions(0o644)).map_err(failed)?;
    let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
    zip.write_all(text.as_bytes()).and_then(|()| zip.write_all(b"\n")).map_err(cannot("write", to))?;
    for entry in files {
        let mut from = File::open(&entry.path).map_err(cannot("read", &entry.path))?;
        let mode = from.metadata().map_err(cannot("read", &entry.path))?.permissions().mode();
        let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
        zip.start_file(&entry.name, options.unix_permissions(mode)).map_err(failed)?;
        io::copy(&mut from, &mut zip).map_err(cannot("read", &entry.path))?;
    }
    let mut file = zip.finish().map_err(failed)?;
    let mut hash = Hash(Context::new(&SHA256));
    let size = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| io::copy(&mut file, &mut hash))
        .map_err(cannot("read", to))?;
    let sha256 = hash.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((size, sha256))
}

/// What is written into it is hashed.
struct Hash(Context);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
