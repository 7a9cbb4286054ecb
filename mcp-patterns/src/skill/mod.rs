//! Agent Skills: a directory with a `SKILL.md`, its frontmatter, and its files.
//!
//! ```
//! use mcp_patterns::skill::{Mode, Skill};
//!
//! let text = "---\nname: refunds\ndescription: Pays money back.\n---\n\n# Refunds\n";
//! let skill = Skill::parse(text, Some("refunds"), Mode::Strict)?;
//! assert_eq!((skill.name.as_str(), skill.body.as_str()), ("refunds", "# Refunds"));
//!
//! let text = "---\nname: Refunds\ndescription: Pays money back.\n---\n\n# Refunds\n";
//! let wrong = Skill::parse(text, None, Mode::Strict).unwrap_err();
//! assert_eq!(wrong.to_string(), "line 2: `name`: must be in lower case: `refunds`");
//! # Ok::<(), mcp_patterns::skill::Invalid>(())
//! ```

mod files;
mod frontmatter;
mod mime;
mod problem;
mod validate;

use std::path::Path;

use serde_json::{Map, Value};

pub use files::{Files, FilesError, Limits, SkillFile, digest_of};
pub use frontmatter::Frontmatter;
pub use mime::mime_type;
pub use problem::{Invalid, Problem, Severity};
pub use validate::{is_known_field, normalize};

/// The file that makes a directory a skill.
pub const SKILL_MD: &str = "SKILL.md";

/// How much a `SKILL.md` is held to the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By the rules of the reference validator: any error refuses the skill.
    #[default]
    Strict,
    /// Fields of other clients are kept, and what can be mended is mended; all of it is reported.
    Lenient,
}

/// What a `SKILL.md` says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Skill {
    /// The name, in normal form (NFKC).
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// The licence, if it says one.
    pub license: Option<String>,
    /// What it needs around it.
    pub compatibility: Option<String>,
    /// The tools that it would like to use without being asked. A wish, not a permission.
    pub allowed_tools: Vec<String>,
    /// The whole frontmatter, member for member, as JSON.
    pub frontmatter: Map<String, Value>,
    /// The Markdown below it, without surrounding white space.
    pub body: String,
    /// The line of the file on which the body begins, counted from 1.
    pub body_line: usize,
    /// What is not as it should be, but did not refuse the skill.
    pub problems: Vec<Problem>,
}

impl Skill {
    /// Reads the text of a `SKILL.md`. `directory` is the name of the directory it stands in, where that is known.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn parse(text: &str, directory: Option<&str>, mode: Mode) -> Result<Self, Invalid> {
        let (parts, mut problems) = Frontmatter::parse(text, mode)?;
        problems.extend(validate::check(&parts, directory));
        if mode == Mode::Lenient {
            validate::soften(&mut problems, &parts);
        }
        problems.sort_by_key(|problem| (problem.severity, problem.line));
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(Invalid { problems });
        }
        let text_of = |field: &str| parts.fields.get(field).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            name: normalize(&text_of("name").or_else(|| directory.map(str::to_owned)).unwrap_or_default()),
            description: text_of("description").unwrap_or_default().trim().to_owned(),
            license: text_of("license"),
            compatibility: text_of("compatibility"),
            allowed_tools: validate::allowed_tools(parts.fields.get("allowed-tools")),
            body: parts.body.trim().to_owned(),
            body_line: parts.body_line,
            frontmatter: parts.fields,
            problems,
        })
    }

    /// Reads the `SKILL.md` of a directory; `skill.md` where there is none, as the reference reader does.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is wrong.
    pub fn load(directory: &Path, mode: Mode) -> Result<Self, Invalid> {
        let name = directory.file_name().and_then(|name| name.to_str());
        let path =
            [SKILL_MD, "skill.md"].map(|name| directory.join(name)).into_iter().find(|path| path.is_file());
        let path = path.ok_or_else(|| Invalid::whole("there is no `SKILL.md`"))?;
        let bytes =
            std::fs::read(&path).map_err(|error| Invalid::whole(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| Invalid::whole("is not UTF-8"))?;
        Self::parse(&text, name, mode)
    }

    /// A member of `metadata`, as text.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<String> {
        let value = self.frontmatter.get("metadata")?.as_object()?.get(key)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// The fields that the specification does not know, in the order of the file.
    pub fn unknown_fields(&self) -> impl Iterator<Item = &str> {
        self.frontmatter.keys().map(String::as_str).filter(|field| !is_known_field(field))
    }
}

#[cfg(test)]
mod tests;
