//! Running the program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The longest that anything may take: only what is broken takes that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What becomes of a command that is given some text.
    pub(crate) fn of(command: &mut Command, input: &str) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // A command line that is refused reads nothing.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }
}

/// A folder in which `mcp` is run, with no environment but its own.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("HOME", self.path()).env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(variables.iter().copied());
        command
    }

    pub(crate) fn mcp(&self, arguments: &[&str]) -> Ran {
        self.run(arguments, &[], "")
    }

    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ran {
        Ran::of(&mut self.command(arguments, variables), input)
    }

    /// Starts `mcp up` on a free port.
    pub(crate) fn up(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Up {
        let all = [&["up", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = self
            .command(&all, variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let mut url = None;
        while !said.contains("what it knows is in") {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = line.split_once("serving ")
                && rest.trim_end().ends_with("/mcp")
            {
                url = Some(rest.trim_end().trim_end_matches("/mcp").to_owned());
            }
            said += &line;
        }
        Up { child, lines, url: url.unwrap() }
    }
}

/// A stack that runs until it is dropped.
pub(crate) struct Up {
    child: Child,
    lines: BufReader<ChildStderr>,
    pub(crate) url: String,
}

impl Up {
    /// Reads the log until a line has all these words, and tells it.
    pub(crate) fn says(&mut self, words: &[&str]) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended without {words:?}");
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    /// The body of an answer to `POST`.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        head += "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended.
        let _ =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Tries until it is so.
#[track_caller]
pub(crate) fn eventually(mut is: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::yield_now();
    }
}

/// Says that a test is left out, for what it needs is not there; in CI it has to be.
pub(crate) fn leave_out(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what}, and CI must not leave a test out");
    eprintln!("SKIPPED: {what}");
}
