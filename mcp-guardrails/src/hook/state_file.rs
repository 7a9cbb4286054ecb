//! What hooks remember, in the files that the original hooks have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::skill::USED;
use crate::state::{Digest, Pending, Session, Store, StoreError};

/// A folder with `skills-used-{session}.json` for each session: `skills_used` as the original has it, and beside it what else is
/// remembered. Members that are not known stay. A write replaces the file as a whole.
#[derive(Debug)]
pub struct StateFile {
    folder: PathBuf,
    writing: Mutex<()>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    #[serde(default)]
    skills_used: Vec<String>,
    #[serde(default)]
    files_verified: Vec<String>,
    #[serde(default)]
    session: Session,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl StateFile {
    /// Keeps sessions in a folder, which is made when something is to be kept.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), writing: Mutex::new(()) }
    }

    /// The file of a session. A session is named by others: its name leads nowhere else.
    fn path(&self, session: &str) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = session.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
        let mark = if name == session {
            String::new()
        } else {
            format!("-{:016x}", crate::state::fingerprint(session))
        };
        self.folder.join(format!("skills-used-{name}{mark}.json"))
    }
}

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    doing: &'static str,
) -> impl Fn(E) -> StoreError {
    move |error| StoreError::new(doing, error)
}

fn read(path: &Path) -> Result<Contents, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(failed("read")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
        Err(error) => Err(failed("read")(error)),
    }
}

impl Store for StateFile {
    fn update(&self, session: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        // Hooks of one session run side by side: in this process, and in others.
        let _here = self.writing.lock();
        fs::create_dir_all(&self.folder).map_err(failed("written"))?;
        let lock = fs::File::create(self.folder.join(".lock")).map_err(failed("locked"))?;
        lock.lock().map_err(failed("locked"))?;
        let path = self.path(session);
        let mut contents = read(&path)?;
        // The list is what counts: people edit it.
        let labels: Vec<String> = contents.skills_used.iter().map(|skill| format!("{USED}{skill}")).collect();
        let known = contents
            .session
            .labels()
            .iter()
            .filter(|label| label.starts_with(USED) && !labels.contains(label));
        for label in known.cloned().collect::<Vec<_>>() {
            contents.session.unlabel(&label);
        }
        labels.iter().for_each(|label| contents.session.label(label));
        let before = contents.session.clone();
        change(&mut contents.session);
        if contents.session == before {
            return Ok(());
        }
        let used = contents.session.labels().iter().filter_map(|label| label.strip_prefix(USED));
        contents.skills_used = used.map(str::to_owned).collect();
        let text = serde_json::to_string_pretty(&contents).map_err(failed("written"))?;
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("written"))
    }

    fn forget(&self, session: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.path(session)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("forgotten")(error)),
            _ => Ok(()),
        }
    }

    /// Whoever uses Claude Code approves there, not here.
    fn grant(&self, _: Digest, _: u64) -> Result<(), StoreError> {
        Err(failed("approved")("Claude Code asks for approval itself"))
    }

    fn take(&self, _: Digest, _: u64) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn wait(&self, _: &Pending) -> Result<(), StoreError> {
        Err(failed("approved")("Claude Code asks for approval itself"))
    }

    fn waiting(&self, _: u64) -> Result<Vec<Pending>, StoreError> {
        Ok(Vec::new())
    }

    fn settle(&self, _: Digest, _: u64) -> Result<bool, StoreError> {
        Ok(false)
    }
}
