//! Reads named numbers from a file of the format safetensors: eight bytes that say how long the header is, the header in JSON, and
//! the numbers.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Unusable;

/// A longer header is none.
const HEADER: u64 = 16 << 20;

/// A file whose header was read.
pub(super) struct Tensors {
    path: PathBuf,
    file: File,
    header: Value,
    start: u64,
    length: u64,
    digest: aws_lc_rs::digest::Context,
}

impl Tensors {
    pub(super) fn open(path: &Path) -> Result<Self, Unusable> {
        let failed = |source| Unusable::read(path, source);
        let broken = |problem: &str| Unusable::Format { path: path.to_owned(), problem: problem.to_owned() };
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes).map_err(|_| broken("it has less than 8 bytes"))?;
        let header = u64::from_le_bytes(bytes);
        if header > HEADER || header > length.saturating_sub(8) {
            return Err(broken("its header does not end, so that it is another format, or was cut off"));
        }
        let mut text = vec![0; usize::try_from(header).unwrap_or_default()];
        file.read_exact(&mut text).map_err(failed)?;
        let header: Value = serde_json::from_slice(&text).map_err(|_| broken("its header is not JSON"))?;
        let digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        Ok(Self { path: path.to_owned(), file, header, start: 8 + text.len() as u64, length, digest })
    }

    /// The numbers of a name, which have to be of a shape.
    pub(super) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Unusable> {
        let about = self.header.get(name).ok_or_else(|| self.wrong(name, shape, "is missing".to_owned()))?;
        let (kind, found) = (about["dtype"].as_str().unwrap_or("nothing"), numbers(&about["shape"]));
        if kind != "F32" || found.iter().copied().ne(shape.iter().map(|size| *size as u64)) {
            return Err(self.wrong(name, shape, format!("is {kind} {found:?}")));
        }
        let bytes = 4 * shape.iter().product::<usize>();
        let at = match *numbers(&about["data_offsets"]) {
            [from, to] if to.checked_sub(from) == Some(bytes as u64) && to <= self.length - self.start => {
                from
            }
            _ => {
                return Err(self.wrong(
                    name,
                    shape,
                    "lies outside of the file, which was cut off".to_owned(),
                ));
            }
        };
        let mut data = vec![0; bytes];
        self.read(at, &mut data).map_err(|source| Unusable::read(&self.path, source))?;
        self.digest.update(&data);
        Ok(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// What tells the numbers that were taken from others.
    pub(super) fn digest(self) -> String {
        self.digest.finish().as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(&mut self, at: u64, data: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.start + at))?;
        self.file.read_exact(data)
    }

    fn wrong(&self, name: &str, shape: &[usize], found: String) -> Unusable {
        Unusable::Tensor {
            path: self.path.clone(),
            name: name.to_owned(),
            expect: format!("{shape:?}"),
            found,
        }
    }
}

fn numbers(json: &Value) -> Vec<u64> {
    json.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
}
