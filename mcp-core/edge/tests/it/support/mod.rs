//! What several tests need.

#![allow(dead_code, reason = "each feature uses a part of it")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("waited for {what}"));
}

/// Whether a test that needs a program or a server has to be left out; in CI nothing may be.
pub(crate) fn skipped(missing: bool, what: &str) -> bool {
    if missing {
        assert!(std::env::var_os("CI").is_none(), "{what} is not there, and CI must not leave a test out");
        eprintln!("SKIPPED: {what} is not there");
    }
    missing
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process of the test's own, which ends with it.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A Redis of the test's own, which it may stop and freeze.
pub(crate) struct OwnRedis {
    port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

impl OwnRedis {
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Self::run(port, folder.path())?;
        Some(Self { port, child, folder })
    }

    fn run(port: u16, folder: &std::path::Path) -> Option<Child> {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .ok()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = Self::run(self.port, self.folder.path()).unwrap();
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
