//! The YAML between the two lines of dashes, and what stands below.

use serde_json::{Map, Value};

use super::{Invalid, Mode, Problem};

/// The two parts of a `SKILL.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Frontmatter {
    /// The members of the frontmatter, in their order.
    pub fields: Map<String, Value>,
    /// What follows the closing dashes.
    pub body: String,
    /// The line on which the body begins, counted from 1.
    pub body_line: usize,
    /// Members at the top level, each with its line.
    lines: Vec<(String, usize)>,
}

impl Frontmatter {
    /// Splits and reads a text. The problems are those that did not keep it from being read.
    ///
    /// # Errors
    /// There is no frontmatter, it is not closed, or it is not a mapping of YAML.
    pub fn parse(text: &str, mode: Mode) -> Result<(Self, Vec<Problem>), Invalid> {
        let text = text.strip_prefix('\u{feff}').filter(|_| mode == Mode::Lenient).unwrap_or(text);
        let mut problems = Vec::new();
        let (yaml, body, body_line) = split(text)?;
        // The reference reader ends the frontmatter at the first dashes, wherever they stand.
        if let Some(at) = yaml.find("---") {
            let line = 2 + yaml.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            let message = "`---` within the frontmatter ends it for some readers; write other dashes";
            problems.push(Problem::error("", Some(line), message));
        }
        let lines = lines_of(yaml);
        let fields = match read(yaml) {
            Ok(fields) => fields,
            Err(problem) if mode == Mode::Strict => return Err(problem.into()),
            Err(problem) => {
                let fields = read(&quoted(yaml)).map_err(|_| problem.clone())?;
                let message = format!("{}; read as if the texts were in quotes", problem.message);
                problems.push(Problem::warning(&problem.field, problem.line, message));
                fields
            }
        };
        Ok((Self { fields, body: body.to_owned(), body_line, lines }, problems))
    }

    /// The line of a field, counted from 1.
    #[must_use]
    pub fn line(&self, field: &str) -> Option<usize> {
        self.lines.iter().find(|(name, _)| name == field).map(|(_, line)| *line)
    }
}

fn is_fence(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.trim_end().is_empty())
}

/// The YAML, the body, and the line of the body.
fn split(text: &str) -> Result<(&str, &str, usize), Invalid> {
    let open = text.split_inclusive('\n').next().filter(|line| is_fence(line));
    let Some(open) = open else {
        return Err(Problem::error("", Some(1), "must begin with a line `---`, then the frontmatter").into());
    };
    let (mut at, mut line) = (open.len(), 2);
    for text_line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let end = at + text_line.len();
        if is_fence(text_line) {
            let yaml = text.get(open.len()..at).unwrap_or_default();
            return Ok((yaml, text.get(end..).unwrap_or_default(), line + 1));
        }
        (at, line) = (end, line + 1);
    }
    Err(Problem::error("", Some(1), "the frontmatter is not closed by a line `---`").into())
}

fn read(yaml: &str) -> Result<Map<String, Value>, Problem> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    let value: Value = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
        // The opening dashes are line 1 of the file.
        let line = error.location().and_then(|place| usize::try_from(place.line()).ok());
        let line = line.map(|line| newlines(yaml, line) + 2);
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let message = message.split(" at line ").next().and_then(|m| m.split(", set ").next());
        Problem::error("", line, format!("is not YAML: {}", message.unwrap_or_default()))
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::error("", Some(2), "the frontmatter must be a mapping, like `name: refunds`")),
    }
}

/// How many newlines stand before a line of YAML, which ends lines at a carriage return alone, too: editors do not.
fn newlines(yaml: &str, line: usize) -> usize {
    let (mut breaks, mut newlines) = (1, 0);
    let mut bytes = yaml.bytes().peekable();
    while let Some(byte) = bytes.next().filter(|_| breaks < line) {
        newlines += usize::from(byte == b'\n');
        breaks += usize::from(byte == b'\n' || byte == b'\r' && bytes.peek() != Some(&b'\n'));
    }
    newlines
}

/// The name of a member that begins on a line, and what stands behind the colon.
fn member(line: &str) -> Option<(&str, &str)> {
    if line.starts_with([' ', '\t', '#', '-', '{', '}', '[', ']']) {
        return None;
    }
    let (name, value) = line.split_once(':')?;
    Some((name.trim().trim_matches(['"', '\'']), value))
}

fn lines_of(yaml: &str) -> Vec<(String, usize)> {
    let named = yaml.lines().enumerate().filter_map(|(i, line)| Some((member(line)?.0.to_owned(), i + 2)));
    named.collect()
}

/// The same with plain texts in quotes: a colon in a description is the commonest mistake.
fn quoted(yaml: &str) -> String {
    let mut out = String::with_capacity(yaml.len() + 16);
    for line in yaml.lines() {
        match member(line) {
            Some((name, value))
                if !value.trim().is_empty() && !value.trim().starts_with(['"', '\'', '|', '>', '[', '{']) =>
            {
                out.push_str(&format!("{name}: {}\n", Value::from(value.trim())));
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}
