//! The stack that runs on a directory: other commands find it by a file there. It runs as long as another file is locked: the number of a process
//! that ended is given to another, and in a container that is started again it is the same.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};

/// The file.
const NAME: &str = "running.json";
/// The file that a stack holds a lock on.
const LOCK: &str = "running.lock";
/// How long others may look at the lock.
const LOOKED_AT: Duration = Duration::from_secs(1);
/// How long a stack may take to end what it is doing.
const PATIENCE: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(20);

/// A stack that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Running {
    /// Its process.
    pub pid: i32,
    /// Its address, without a path.
    pub url: String,
    /// The folder of its log files.
    pub logs: PathBuf,
    /// Those of its services that are processes of their own.
    #[serde(default)]
    pub services: Vec<Service>,
}

/// A service that is a process of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its process.
    pub pid: i32,
}

/// How a stack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// When it was asked to.
    Asked,
    /// When it was made to.
    Killed,
}

/// A directory whose stack says that it runs; it says so no more when this is dropped.
#[derive(Debug)]
pub struct Notice {
    path: PathBuf,
    running: Running,
    _lock: fs::File,
}

impl Running {
    /// The stack on a directory, if one runs.
    #[must_use]
    pub fn find(directory: &Path) -> Option<Self> {
        let text = fs::read_to_string(directory.join(NAME)).ok()?;
        let running: Self = serde_json::from_str(&text).ok()?;
        let runs = match fs::File::open(directory.join(LOCK)).ok()?.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            // A file system without locks.
            Err(TryLockError::Error(_)) => lives(running.pid),
        };
        runs.then_some(running)
    }

    /// Ends it: by a signal, and where that does not help, by one that cannot be refused.
    ///
    /// # Errors
    /// It may not be ended by this user.
    pub fn stop(&self) -> io::Result<Ended> {
        signal(self.pid, Signal::TERM)?;
        let begun = Instant::now();
        while lives(self.pid) {
            if begun.elapsed() > PATIENCE {
                signal(self.pid, Signal::KILL)?;
                return Ok(Ended::Killed);
            }
            thread::sleep(STEP);
        }
        Ok(Ended::Asked)
    }
}

/// A stack cannot be started in the background.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The process cannot be started, or what it says not kept.
    #[error("the stack cannot be started")]
    Io(#[from] io::Error),
    /// It ended at once.
    #[error("the stack ended at once: {0}")]
    Ended(String),
    /// It says nothing.
    #[error("the stack did not answer within {} s: see {}", PATIENCE.as_secs(), .0.display())]
    Late(PathBuf),
}

/// Starts a program that will serve a directory, and goes on without it once it does.
///
/// # Errors
/// It cannot be started, ends, or does not serve in time.
pub fn start(mut program: process::Command, directory: &Path) -> Result<Running, StartError> {
    use std::os::unix::process::CommandExt as _;
    fs::create_dir_all(directory)?;
    let path = directory.join("start.log");
    let log = fs::File::create(&path)?;
    // A group of its own: what ends this command does not end it.
    program.stdin(process::Stdio::null()).stdout(process::Stdio::null()).stderr(log).process_group(0);
    let mut child = program.spawn()?;
    let begun = Instant::now();
    loop {
        if let Some(running) = Running::find(directory).filter(|of| u32::try_from(of.pid) == Ok(child.id())) {
            return Ok(running);
        }
        if child.try_wait()?.is_some() {
            return Err(StartError::Ended(fs::read_to_string(&path)?.trim().to_owned()));
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            return Err(StartError::Late(path));
        }
        thread::sleep(STEP);
    }
}

impl Notice {
    /// Says that this process serves a directory.
    ///
    /// # Errors
    /// The directory cannot be written, or another stack runs on it.
    pub fn put_up(directory: &Path, url: impl Into<String>, logs: &Path) -> io::Result<Self> {
        let pid = i32::try_from(process::id()).map_err(io::Error::other)?;
        let logs = fs::canonicalize(logs).unwrap_or_else(|_| logs.to_owned());
        let running = Running { pid, url: url.into(), logs, services: Vec::new() };
        let notice = Self { path: directory.join(NAME), running, _lock: lock(directory)? };
        notice.write()?;
        Ok(notice)
    }

    /// Says which process a service is now.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn service(&mut self, name: &str, pid: u32) -> io::Result<()> {
        let pid = i32::try_from(pid).map_err(io::Error::other)?;
        self.running.services.retain(|service| service.name != name);
        self.running.services.push(Service { name: name.to_owned(), pid });
        self.write()
    }

    /// Whole or not at all, whoever reads it meanwhile.
    fn write(&self) -> io::Result<()> {
        let draft = self.path.with_extension(format!("{}.draft", self.running.pid));
        fs::write(&draft, serde_json::to_vec_pretty(&self.running)?)?;
        fs::rename(draft, &self.path)
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        // Whoever took its place stays.
        let ours = fs::read_to_string(&self.path)
            .ok()
            .and_then(|text| serde_json::from_str::<Running>(&text).ok())
            .is_some_and(|running| running.pid == self.running.pid);
        if ours {
            // Where it cannot be removed, readers see that the process is gone.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Takes the lock of a directory.
fn lock(directory: &Path) -> io::Result<fs::File> {
    let file = fs::File::options().create(true).truncate(false).write(true).open(directory.join(LOCK))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            // Who looks whether a stack runs holds it for a moment.
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOOKED_AT => thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

fn lives(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok() && !is_zombie(pid))
}

/// Whether a process has ended, and only its parent does not know it yet.
fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

fn signal(pid: i32, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    match kill_process(pid, signal) {
        // It ended by itself.
        Err(rustix::io::Errno::SRCH) => Ok(()),
        other => other.map_err(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_runs_as_long_as_it_holds_the_lock_whoever_has_its_number_now() {
        let folder = tempfile::tempdir().unwrap();
        let notice = Notice::put_up(folder.path(), "http://127.0.0.1:1", folder.path()).unwrap();
        assert_eq!(Running::find(folder.path()), Some(notice.running.clone()));
        let second = Notice::put_up(folder.path(), "http://127.0.0.1:2", folder.path());
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::ResourceBusy);

        // It was killed, and its number is that of a process that lives: this one.
        let left = fs::read(folder.path().join(NAME)).unwrap();
        drop(notice);
        fs::write(folder.path().join(NAME), left).unwrap();
        assert_eq!(Running::find(folder.path()), None);
        Notice::put_up(folder.path(), "http://127.0.0.1:2", folder.path()).unwrap();
    }
}
