//! What can be told from an entry alone, before anything is fetched.

use std::collections::HashSet;

use super::super::entry::{Manifest, SkillEntry};
use super::super::uri;
use crate::skill::{Limits, normalize};

/// What keeps an entry from being loaded.
pub(super) fn problem(entry: &SkillEntry, limits: Limits) -> Option<String> {
    let Some(name) = uri::name(&entry.uri) else {
        return Some("`uri` is not that of a `SKILL.md` in a directory".to_owned());
    };
    if normalize(&name) != normalize(entry.name()) || entry.name().is_empty() {
        return Some("the directory in `uri` is not called like the `name` of the frontmatter".to_owned());
    }
    if !is_name(&name) {
        return Some(
            "`name` is not that of a skill: lower-case letters, digits and single hyphens, at most 64"
                .to_owned(),
        );
    }
    if entry.description().trim().is_empty() {
        return Some("`description` is missing from the frontmatter".to_owned());
    }
    let Manifest::Listed(files) = &entry.resources else { return None };
    if files.len() > limits.files {
        return Some(format!("it has {} files, and {} are accepted", files.len(), limits.files));
    }
    let (mut seen, mut total) = (HashSet::new(), 0_u64);
    for file in files {
        if uri::within(entry.root(), &file.uri).is_none() {
            return Some(format!("`{}` is not a file of its directory", file.uri));
        }
        if !seen.insert(file.uri.as_str()) {
            return Some(format!("`{}` is listed twice", file.uri));
        }
        if !is_digest(&file.digest) {
            return Some(format!(
                "the digest of `{}` is not `sha256:` and 64 lower-case hexadecimal digits",
                file.uri
            ));
        }
        total = total.saturating_add(file.size);
    }
    if total > limits.bytes {
        return Some(format!("it has {total} bytes, and {} are accepted", limits.bytes));
    }
    (!seen.contains(entry.uri.as_str())).then(|| "its `SKILL.md` is not among its files".to_owned())
}

fn is_name(name: &str) -> bool {
    let name = normalize(name);
    name.chars().count() <= 64
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
        && name == name.to_lowercase()
        && name.chars().all(|c| c.is_alphanumeric() || c == '-')
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}
