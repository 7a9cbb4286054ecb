//! `Read(./secrets/**)`: files by patterns as `.gitignore` has them.

use super::Places;
use super::entry::{List, field};
use crate::rule::{Condition, Pattern, Test};

/// Arguments that name the file.
const FIELDS: [&str; 3] = ["/file_path", "/notebook_path", "/path"];
/// Paths that lead elsewhere than it seems, or that readers understand differently.
const ODD: &str = r"(?:^|/)\.\.(?:/|$)|/\.?/|[\\%$*?\x00-\x1f]|^\./\.|^~[^/]";

/// Whether a file is what `what` says. In doubt it is, where that restricts.
pub(super) fn condition(list: List, what: &str, places: &Places) -> Result<Condition, String> {
    let pattern = Pattern::parse(&expression(what, places)?, list.restricts())?;
    let odd = Pattern::parse(ODD, false)?;
    let fields = FIELDS.iter().map(|name| field(name)).collect::<Result<Vec<_>, _>>()?;
    let about = |patterns: &[&Pattern]| {
        let test = Test::Regex(patterns.iter().map(|pattern| (*pattern).clone()).collect());
        Condition::Any(fields.iter().map(|field| Condition::Field(field.clone(), test.clone())).collect())
    };
    if list.restricts() {
        return Ok(about(&[&pattern, &odd]));
    }
    // Every file that is named has to be allowed.
    let each = fields.iter().map(|field| {
        let is_not = Condition::Not(Box::new(Condition::Field(field.clone(), Test::Exists(true))));
        Condition::Any(vec![is_not, Condition::Field(field.clone(), Test::Regex(vec![pattern.clone()]))])
    });
    let mut all = vec![about(&[&pattern]), Condition::Not(Box::new(about(&[&odd])))];
    all.extend(each);
    Ok(Condition::All(all))
}

/// The pattern as an expression over paths as tools get them: absolute, or relative to the project.
fn expression(what: &str, places: &Places) -> Result<String, String> {
    let project = places.project.trim_end_matches('/');
    let (root, pattern) = if let Some(rest) = what.strip_prefix("//") {
        (Root::Top, rest)
    } else if let Some(rest) = what.strip_prefix("~/") {
        (Root::Home, rest)
    } else if let Some(rest) = what.strip_prefix("./").or_else(|| what.strip_prefix('/')) {
        (Root::Project, rest)
    } else if what.trim_end_matches('/').contains('/') {
        (Root::Project, what)
    } else {
        // A name alone is meant in every folder.
        (Root::Anywhere, what)
    };
    if pattern.split('/').any(|part| part == "..") {
        return Err(format!("`{what}` leads out with `..`: write the path from the top, `//folder/…`"));
    }
    let head = match root {
        Root::Top => "/".to_owned(),
        Root::Home => format!("(?:{}/|~/)", regex::escape(places.home.trim_end_matches('/'))),
        Root::Project => format!(r"(?:{}/|(?:\./)?)", regex::escape(project)),
        Root::Anywhere => "(?:.*/)?".to_owned(),
    };
    let mut body = String::new();
    let (pattern, folder) = pattern.strip_suffix('/').map_or((pattern, false), |pattern| (pattern, true));
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        let (taken, part) = if rest == "**" && body.ends_with('/') {
            // What is below a folder, and the folder.
            body.pop();
            (2, "(?:/.*)?".to_owned())
        } else if rest.starts_with("**/") {
            (3, "(?:.*/)?".to_owned())
        } else if rest.starts_with("**") {
            (2, ".*".to_owned())
        } else {
            let part = match next {
                '*' => "[^/]*".to_owned(),
                '?' => "[^/]".to_owned(),
                other => regex::escape(other.encode_utf8(&mut [0; 4])),
            };
            (next.len_utf8(), part)
        };
        body.push_str(&part);
        rest = rest.get(taken..).unwrap_or_default();
    }
    if body.is_empty() && !folder {
        return Err(format!("`{what}` names no file: write `./**` for all of the project"));
    }
    // What is below something that fits fits, too.
    Ok(format!("(?s)^{head}{body}(?:/.*)?$"))
}

enum Root {
    Top,
    Home,
    Project,
    Anywhere,
}
