//! How programs that use servers are told of ours.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use serde_json::{Map, Value, json};

/// The name of our entry.
const NAME: &str = "mcp";

/// A program that uses servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientProgram {
    /// Claude Desktop.
    ClaudeDesktop,
    /// Claude Code, for this project.
    ClaudeCode,
    /// Cursor.
    Cursor,
    /// Windsurf.
    Windsurf,
    /// VS Code, for this project.
    VsCode,
    /// Zed.
    Zed,
}

/// How it reaches us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It starts this program, with these arguments.
    Program(String, Vec<String>),
    /// It calls this URL.
    Url(String),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// The file.
    pub path: PathBuf,
    /// The file as it was, where there was one.
    pub backup: Option<PathBuf>,
    /// Whether there was such an entry already.
    pub replaced: bool,
}

/// It cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The file cannot be read or written.
    #[error("`{}` cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has comments, or is broken: a program would lose what a person wrote.
    #[error("`{}` is not plain JSON, so that it is left as it is: add the lines yourself", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where.
        source: serde_json::Error,
    },
    /// It does not have the shape that is expected.
    #[error("`{}` has something else at `{member}`: add the lines yourself", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Which member.
        member: &'static str,
    },
    /// Nobody knows where settings are.
    #[error("the variable HOME is not set, so that nobody knows where the file is")]
    NoHome,
}

impl ClientProgram {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ClaudeDesktop, Self::ClaudeCode, Self::Cursor, Self::Windsurf, Self::VsCode, Self::Zed];

    /// What commands call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Windsurf => "windsurf",
            Self::VsCode => "vscode",
            Self::Zed => "zed",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.name() == name)
    }

    /// Whether it only knows servers that it starts itself.
    #[must_use]
    pub const fn starts_servers(self) -> bool {
        matches!(self, Self::ClaudeDesktop)
    }

    /// The member that servers stand in.
    const fn member(self) -> &'static str {
        match self {
            Self::VsCode => "servers",
            Self::Zed => "context_servers",
            _ => "mcpServers",
        }
    }

    fn entry(self, way: &Way) -> Value {
        match (self, way) {
            (Self::ClaudeCode | Self::VsCode, Way::Url(url)) => json!({ "type": "http", "url": url }),
            (Self::Windsurf, Way::Url(url)) => json!({ "serverUrl": url }),
            (_, Way::Url(url)) => json!({ "url": url }),
            (Self::VsCode, Way::Program(program, arguments)) => {
                json!({ "type": "stdio", "command": program, "args": arguments })
            }
            (_, Way::Program(program, arguments)) => json!({ "command": program, "args": arguments }),
        }
    }

    /// What has to stand in its settings.
    #[must_use]
    pub fn snippet(self, way: &Way) -> Value {
        json!({ self.member(): { NAME: self.entry(way) } })
    }

    /// Its settings: below the home directory, or below the project.
    ///
    /// # Errors
    /// Nobody knows where that is.
    pub fn file(self, project: &Path) -> Result<PathBuf, InstallError> {
        let home = || std::env::var_os("HOME").map(PathBuf::from).ok_or(InstallError::NoHome);
        Ok(match self {
            Self::ClaudeCode => project.join(".mcp.json"),
            Self::VsCode => project.join(".vscode/mcp.json"),
            Self::Cursor => home()?.join(".cursor/mcp.json"),
            Self::Windsurf => home()?.join(".codeium/windsurf/mcp_config.json"),
            Self::Zed => home()?.join(".config/zed/settings.json"),
            Self::ClaudeDesktop if cfg!(target_os = "macos") => {
                home()?.join("Library/Application Support/Claude/claude_desktop_config.json")
            }
            Self::ClaudeDesktop => home()?.join(".config/Claude/claude_desktop_config.json"),
        })
    }

    /// Puts our entry into its settings, beside what is there. The file as it was is kept.
    ///
    /// # Errors
    /// The file cannot be read or written, or is not plain JSON; then it stays as it is.
    pub fn install(self, path: &Path, way: &Way) -> Result<Installed, InstallError> {
        let io = |source| InstallError::Io { path: path.to_owned(), source };
        let before = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io(error)),
        };
        let text = before.as_deref().filter(|text| !text.trim().is_empty()).unwrap_or("{}");
        let mut settings: Map<String, Value> = serde_json::from_str(text)
            .map_err(|source| InstallError::NotJson { path: path.to_owned(), source })?;
        let member = self.member();
        let servers = settings.entry(member).or_insert_with(|| json!({}));
        let shape = || InstallError::Shape { path: path.to_owned(), member };
        let replaced =
            servers.as_object_mut().ok_or_else(shape)?.insert(NAME.to_owned(), self.entry(way)).is_some();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let mut backup = None;
        if before.is_some() {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let copy = path.with_added_extension(format!("backup-{}", since.as_millis()));
            fs::copy(path, &copy).map_err(io)?;
            backup = Some(copy);
        }
        let draft = path.with_added_extension("draft");
        let mut text = serde_json::to_string_pretty(&settings).map_err(|error| io(error.into()))?;
        text.push('\n');
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, path)).map_err(io)?;
        Ok(Installed { path: path.to_owned(), backup, replaced })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_and_what_was_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/mcp.json");
        let way = Way::Url("http://127.0.0.1:8080/mcp".to_owned());
        for client in ClientProgram::ALL {
            let path = folder.path().join(client.name());
            let first = client.install(&path, &way).unwrap();
            assert_eq!((first.backup, first.replaced), (None, false));
            let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(written, client.snippet(&way), "{client:?}");
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = r#"{ "theme": "dark", "mcpServers": { "other": { "command": "x" } } }"#;
        fs::write(&path, before).unwrap();
        let installed = ClientProgram::Cursor.install(&path, &way).unwrap();
        assert_eq!(fs::read_to_string(installed.backup.unwrap()).unwrap(), before);
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(
            (&written["theme"], &written["mcpServers"]["other"]["command"]),
            (&json!("dark"), &json!("x"))
        );
        assert_eq!(written["mcpServers"]["mcp"]["url"], "http://127.0.0.1:8080/mcp");
        assert!(ClientProgram::Cursor.install(&path, &way).unwrap().replaced);
    }

    #[test]
    fn what_a_program_would_spoil_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let way = Way::Program("mcp".to_owned(), vec!["serve".to_owned()]);
        for text in ["{ // mine\n }", "{\"mcpServers\": []}"] {
            let path = folder.path().join("settings.json");
            fs::write(&path, text).unwrap();
            ClientProgram::Cursor.install(&path, &way).unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
