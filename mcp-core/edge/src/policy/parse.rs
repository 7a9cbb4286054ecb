//! From text to a document.

use std::path::Path;

use serde::Deserializer;

use super::document::Document;
use super::error::nearest;
use super::{Policy, PolicyError};

/// How a policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

impl Format {
    /// What the name of a file says.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

impl Policy {
    /// Reads, checks and tests a policy. `origin` names it in errors.
    ///
    /// # Errors
    /// The text is malformed, names something that is not there, or one of its tests fails.
    pub fn parse(text: &str, origin: &str, format: Format) -> Result<Self, PolicyError> {
        let document = document(text, format).map_err(|(field, problem)| invalid(origin, field, problem))?;
        let policy = super::compile::compile(&document, origin)?;
        super::self_test::run(&policy, &document.tests, origin)?;
        Ok(policy)
    }
}

fn document(text: &str, format: Format) -> Result<Document, (String, String)> {
    match format {
        Format::Yaml => {
            // INVARIANT: this parser refuses members that occur twice, and expands aliases within a budget.
            let mut where_and_what = None;
            let decoded = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
                tracked(deserializer).map_err(|problem| {
                    where_and_what = Some(problem);
                    serde::de::Error::custom("no policy")
                })
            });
            decoded.map_err(|error| {
                where_and_what.unwrap_or_else(|| (String::new(), first_line(&error.to_string())))
            })
        }
        Format::Json => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let document = tracked(&mut deserializer)?;
            deserializer.end().map_err(|error| (String::new(), error.to_string()))?;
            Ok(document)
        }
        Format::Toml => {
            let deserializer = toml::Deserializer::parse(text)
                .map_err(|error| (String::new(), first_line(&error.to_string())))?;
            tracked(deserializer)
        }
    }
}

/// Decodes and says at which path it went wrong.
fn tracked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Document, (String, String)>
where
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let field = error.path().to_string();
        let field = if field == "." || field == "?" { String::new() } else { field };
        (field, first_line(&error.into_inner().to_string()))
    })
}

/// The message without the drawing that some parsers put below or into it.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("not readable");
    match lines.next_back() {
        Some(last) if first.starts_with("TOML parse error") => format!("{last} ({first})"),
        _ => first.to_owned(),
    }
}

fn invalid(origin: &str, field: String, problem: String) -> PolicyError {
    let nearest = suggestion(&problem);
    PolicyError::Invalid { origin: origin.to_owned(), field, problem, nearest }
}

/// Serde names the word it does not know, then those it does; parsers differ in how they quote them.
fn suggestion(problem: &str) -> Option<String> {
    let (before, known) = problem.split_once("expected")?;
    let word = before.split('`').nth(1)?;
    let known = known.split(" at line").next()?;
    let names = known.split(|c: char| !c.is_alphanumeric() && c != '_');
    nearest(word, names.filter(|name| !name.is_empty() && !["one", "of", "or"].contains(name)))
}
