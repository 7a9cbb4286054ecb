//! Rules of a `gitleaks.toml`.
//!
//! Patterns, keywords, entropy, secret groups and allow lists mean what they mean there. A text has no path: rules that are about files alone,
//! or only about some files, are not applied ([`GitleaksRules::not_applied`]), and an allow list that asks for a path too never applies.
//! `extend.useDefault` is answered by [`super::Secrets`], which is to be used beside it.
//!
//! ```
//! use mcp_guardrails::detect::Detector as _;
//! use mcp_guardrails::detect::secret::gitleaks::GitleaksRules;
//! use mcp_guardrails::text::Text;
//!
//! let rules = GitleaksRules::from_toml(r#"
//!     [[rules]]
//!     id = "acme-key"
//!     regex = '''acme_([a-f0-9]{8})'''
//!     keywords = ["acme_"]
//! "#)?;
//! let mut found = Vec::new();
//! rules.scan(&Text::new("key acme_0123abcd"), &mut found);
//! assert_eq!((found[0].kind.as_str(), found[0].span.clone()), ("secret.acme-key", 9..17));
//! # Ok::<_, mcp_guardrails::detect::secret::gitleaks::ImportError>(())
//! ```

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Deserialize;

use super::random::entropy;
use super::settle;
use crate::detect::{Detector, Finding, Kind};
use crate::text::Text;

/// The largest patterns of the public file take 30 MB while they are compiled.
const LARGEST: usize = 200 << 20;

/// Reading rules of gitleaks failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is no TOML, or a field has another type.
    #[error("not a rule file of gitleaks: {message}")]
    Format {
        /// What is wrong, with its line.
        message: String,
    },
    /// The file builds on another one.
    #[error("`extend.path` is `{path}`: give one file that has the rules of both")]
    Extends {
        /// The other file.
        path: String,
    },
    /// A rule has neither pattern nor path.
    #[error("rule `{id}` has no `regex` and no `path`: one of them says what it looks for")]
    Empty {
        /// The rule.
        id: String,
    },
    /// A pattern cannot be read.
    #[error("rule `{id}`: the pattern `{pattern}` cannot be used: {message}")]
    Pattern {
        /// The rule, or `allowlist` for those of the whole file.
        id: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct File {
    extend: Extend,
    rules: Vec<RuleEntry>,
    allowlist: Option<AllowEntry>,
    allowlists: Vec<AllowEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extend {
    use_default: bool,
    path: Option<String>,
    disabled_rules: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleEntry {
    id: String,
    regex: Option<String>,
    path: Option<String>,
    #[serde(default)]
    secret_group: usize,
    #[serde(default)]
    entropy: f32,
    #[serde(default)]
    keywords: Vec<String>,
    allowlist: Option<AllowEntry>,
    #[serde(default)]
    allowlists: Vec<AllowEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AllowEntry {
    condition: String,
    regex_target: String,
    regexes: Vec<String>,
    stopwords: Vec<String>,
    paths: Vec<String>,
    commits: Vec<String>,
    target_rules: Vec<String>,
}

/// A pattern that was parsed, and is compiled when it is first needed.
#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn parse(id: &str, go: &str) -> Result<Self, ImportError> {
        let text = &translated(go);
        let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(text);
        parsed.map_err(|error| failed(id, go, &error))?;
        Ok(Self { text: text.to_owned(), compiled: OnceLock::new() })
    }

    fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.text).unicode(false).size_limit(LARGEST).build()
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.build().ok()).as_ref()
    }

    fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }
}

/// A pattern of Go's engine in our syntax: there a brace that begins no repetition is a brace, and in a class a bracket is a bracket.
fn translated(go: &str) -> String {
    let mut out = String::with_capacity(go.len());
    let (mut rest, mut class) = (go, false);
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or("");
        let mut taken = c.len_utf8();
        match c {
            '\\' => taken += tail.chars().next().map_or(0, char::len_utf8),
            '[' if class && tail.starts_with(':') => taken = rest.find(":]").map_or(taken, |end| end + 2),
            '[' if class => out.push('\\'),
            '[' => {
                class = true;
                // A bracket that comes first is a member.
                let negated = if tail.starts_with('^') { 1 } else { 0 };
                taken += negated;
                if tail.get(negated..).is_some_and(|members| members.starts_with(']')) {
                    out.push_str(rest.get(..taken).unwrap_or(""));
                    out.push_str("\\]");
                    rest = rest.get(taken + 1..).unwrap_or("");
                    continue;
                }
            }
            ']' => class = false,
            // Two of these are an operation on classes here.
            '&' | '~' if class => out.push('\\'),
            '-' if class && tail.starts_with('-') => out.push('\\'),
            '{' if !class && !repeats(tail) => out.push('\\'),
            '}' if !class
                && !out.rsplit_once('{').is_some_and(|(_, inner)| repeats(&format!("{inner}}}"))) =>
            {
                out.push('\\')
            }
            _ => {}
        }
        out.push_str(rest.get(..taken).unwrap_or(""));
        rest = rest.get(taken..).unwrap_or("");
    }
    out
}

/// Whether what follows a brace makes it a repetition.
fn repeats(tail: &str) -> bool {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    tail.split_once('}').is_some_and(|(inner, _)| {
        let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
        !least.is_empty() && number(least) && number(most)
    })
}

fn failed(id: &str, pattern: &str, error: &dyn std::error::Error) -> ImportError {
    let message = error.to_string().lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
    ImportError::Pattern { id: id.to_owned(), pattern: pattern.to_owned(), message }
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Secret,
    Match,
    Line,
}

/// What is no secret after all.
#[derive(Debug)]
struct Allow {
    target: Target,
    regexes: Vec<Pattern>,
    stopwords: Vec<String>,
    all: bool,
    rules: Vec<String>,
}

impl Allow {
    fn read(id: &str, entry: AllowEntry) -> Result<Option<Self>, ImportError> {
        let all = matches!(entry.condition.to_ascii_uppercase().as_str(), "AND" | "&&");
        let regexes: Result<Vec<_>, _> = entry.regexes.iter().map(|text| Pattern::parse(id, text)).collect();
        let target = match entry.regex_target.as_str() {
            "match" => Target::Match,
            "line" => Target::Line,
            _ => Target::Secret,
        };
        let stopwords = entry.stopwords.iter().map(|word| word.to_lowercase()).collect();
        let elsewhere = all && !(entry.paths.is_empty() && entry.commits.is_empty());
        Ok((!elsewhere).then_some(Self {
            target,
            regexes: regexes?,
            stopwords,
            all,
            rules: entry.target_rules,
        }))
    }

    fn allows(&self, line: &str, whole: &str, secret: &str) -> bool {
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => whole,
            Target::Line => line,
        };
        let by_pattern = || self.regexes.iter().any(|pattern| pattern.is_match(target));
        let by_word = || {
            let lower = secret.to_lowercase();
            self.stopwords.iter().any(|word| lower.contains(word))
        };
        if self.all {
            (!self.regexes.is_empty() || !self.stopwords.is_empty())
                && (self.regexes.is_empty() || by_pattern())
                && (self.stopwords.is_empty() || by_word())
        } else {
            by_pattern() || by_word()
        }
    }
}

#[derive(Debug)]
struct Rule {
    id: String,
    kind: Kind,
    pattern: Pattern,
    group: usize,
    entropy: f32,
    allow: Vec<Allow>,
    /// Whether it is for texts without a path too.
    applied: bool,
}

/// Finds what the rules of a file describe.
#[derive(Debug)]
pub struct GitleaksRules {
    rules: Vec<Rule>,
    /// Rules of each keyword, in the order of the automaton's patterns.
    keywords: Vec<Vec<usize>>,
    automaton: AhoCorasick,
    always: Vec<usize>,
    allow: Vec<Allow>,
    not_applied: Vec<String>,
    extends_default: bool,
}

impl GitleaksRules {
    /// Reads a file. Patterns are parsed, and compiled when one of their keywords is first seen.
    ///
    /// # Errors
    /// What is wrong with the file, with the rule it is in.
    pub fn from_toml(text: &str) -> Result<Self, ImportError> {
        let format = |message: String| ImportError::Format { message: message.trim_end().replace('\n', " ") };
        let file: File = toml::from_str(text).map_err(|error| format(error.to_string()))?;
        if let Some(path) = file.extend.path {
            return Err(ImportError::Extends { path });
        }
        let (mut rules, mut not_applied, mut literals, mut keywords, mut always) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for entry in file.rules {
            if file.extend.disabled_rules.contains(&entry.id) {
                continue;
            }
            let Some(regex) = &entry.regex else {
                match (&entry.path, file.extend.use_default) {
                    (Some(_), _) => not_applied.push(entry.id),
                    // It changes a rule of the default file, which is not here.
                    (None, true) => not_applied.push(entry.id),
                    (None, false) => return Err(ImportError::Empty { id: entry.id }),
                }
                continue;
            };
            let number = rules.len();
            let applied = entry.path.is_none();
            if !applied {
                not_applied.push(entry.id.clone());
            } else if entry.keywords.is_empty() {
                always.push(number);
            }
            for keyword in entry.keywords.iter().filter(|_| applied) {
                match literals.iter().position(|known: &String| known.eq_ignore_ascii_case(keyword)) {
                    Some(at) => {
                        keywords.get_mut(at).into_iter().for_each(|of: &mut Vec<usize>| of.push(number))
                    }
                    None => {
                        literals.push(keyword.clone());
                        keywords.push(vec![number]);
                    }
                }
            }
            let allow: Result<Vec<_>, _> = entry
                .allowlist
                .into_iter()
                .chain(entry.allowlists)
                .map(|allow| Allow::read(&entry.id, allow))
                .collect();
            rules.push(Rule {
                kind: Kind::named(&format!("secret.{}", entry.id)),
                pattern: Pattern::parse(&entry.id, regex)?,
                group: entry.secret_group,
                entropy: entry.entropy,
                allow: allow?.into_iter().flatten().collect(),
                applied,
                id: entry.id,
            });
        }
        let allow: Result<Vec<_>, _> = file
            .allowlist
            .into_iter()
            .chain(file.allowlists)
            .map(|allow| Allow::read("allowlist", allow))
            .collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&literals)
            .map_err(|error| format(error.to_string()))?;
        let allow = allow?.into_iter().flatten().collect();
        Ok(Self {
            rules,
            keywords,
            automaton,
            always,
            allow,
            not_applied,
            extends_default: file.extend.use_default,
        })
    }

    /// Compiles all patterns now, which may take seconds: so that a pattern that is too large is known before it is needed.
    ///
    /// # Errors
    /// The first pattern that cannot be used.
    pub fn check(&self) -> Result<(), ImportError> {
        for rule in &self.rules {
            let own = rule.allow.iter().flat_map(|allow| &allow.regexes);
            for pattern in own.chain([&rule.pattern]) {
                pattern.build().map_err(|error| failed(&rule.id, &pattern.text, &error))?;
            }
        }
        for pattern in self.allow.iter().flat_map(|allow| &allow.regexes) {
            pattern.build().map_err(|error| failed("allowlist", &pattern.text, &error))?;
        }
        Ok(())
    }

    /// How many rules have a pattern.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Rules that are about files, or that change a rule of the default file.
    pub fn not_applied(&self) -> &[String] {
        &self.not_applied
    }

    /// Whether the file adds to the default rules: then [`super::Secrets`] belongs beside it.
    pub fn extends_default(&self) -> bool {
        self.extends_default
    }

    fn apply(&self, number: usize, text: &str, found: &mut Vec<Finding>) {
        let Some((rule, regex)) = self.rules.get(number).and_then(|rule| Some((rule, rule.pattern.regex()?)))
        else {
            return;
        };
        for captures in regex.captures_iter(text.as_bytes()).filter(|_| rule.applied) {
            let Some((whole, secret)) = parts(&captures, rule.group, text) else { continue };
            let (all, value) =
                (text.get(whole.clone()).unwrap_or(""), text.get(secret.clone()).unwrap_or(""));
            let start = text.get(..whole.start).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
            let end = text
                .get(whole.end..)
                .and_then(|tail| tail.find('\n'))
                .map_or(text.len(), |at| whole.end + at);
            let line = text.get(start..end).unwrap_or("");
            let everywhere =
                self.allow.iter().filter(|allow| allow.rules.is_empty() || allow.rules.contains(&rule.id));
            let allowed = rule.allow.iter().chain(everywhere).any(|allow| allow.allows(line, all, value));
            if entropy(value) > rule.entropy - f32::EPSILON && !allowed && !value.is_empty() {
                found.push(Finding { kind: rule.kind, span: secret, score: 0.8 });
            }
        }
    }
}

/// The places of a match and of the secret in it, on the boundaries of characters.
fn parts(captures: &Captures<'_>, group: usize, text: &str) -> Option<(Range<usize>, Range<usize>)> {
    let within =
        |range: Range<usize>| text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
    let whole = captures.get(0)?.range();
    let secret = match group {
        // Without a number it is the first group that took part, or all.
        0 => captures
            .iter()
            .skip(1)
            .flatten()
            .find(|group| !group.is_empty())
            .map_or(whole.clone(), |group| group.range()),
        number => captures.get(number)?.range(),
    };
    Some((within(whole), within(secret)))
}

impl Detector for GitleaksRules {
    fn name(&self) -> &str {
        "gitleaks"
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let (from, text) = (found.len(), text.as_str());
        let mut candidates = vec![false; self.rules.len()];
        let seen = self
            .automaton
            .find_overlapping_iter(text)
            .filter_map(|hit| self.keywords.get(hit.pattern().as_usize()));
        for number in seen.flatten().chain(&self.always) {
            if let Some(candidate) = candidates.get_mut(*number) {
                *candidate = true;
            }
        }
        for (number, _) in candidates.iter().enumerate().filter(|(_, candidate)| **candidate) {
            self.apply(number, text, found);
        }
        settle(found, from);
    }
}

#[cfg(test)]
mod tests {
    use super::{GitleaksRules, ImportError};
    use crate::detect::{Detector as _, Finding};
    use crate::text::Text;

    fn found(rules: &str, text: &str) -> Vec<String> {
        let mut found: Vec<Finding> = Vec::new();
        GitleaksRules::from_toml(rules).unwrap().scan(&Text::new(text), &mut found);
        found.iter().map(|finding| text[finding.span.clone()].to_owned()).collect()
    }

    const RULE: &str =
        "[[rules]]\nid = \"a\"\nregex = '''acme[_-]([a-z0-9]{6,})'''\nkeywords = [\"ACME\"]\nentropy = 2\n";

    #[test]
    fn rules_mean_what_they_say() {
        assert_eq!(found(RULE, "x acme_q8fj2k y"), ["q8fj2k"]);
        assert_eq!(found(RULE, "x acme_aaaaaa y"), [""; 0]);
        assert_eq!(found(RULE, "x emca_q8fj2k y"), [""; 0]);
        let allow = "[[rules.allowlists]]\nregexTarget = \"line\"\nregexes = ['''^# ''']\n[[rules.allowlists]]\nstopwords = [\"2k9\"]\n";
        let rules = format!("{RULE}{allow}");
        assert_eq!(found(&rules, "# acme_q8fj2k\nb acme_w3ty7u\nc acme_q82K9"), ["w3ty7u"]);
        let both = "[[rules.allowlists]]\ncondition = \"AND\"\nregexes = ['''q8''']\npaths = ['''x$''']\n";
        assert_eq!(found(&format!("{RULE}{both}"), "acme_q8fj2k"), ["q8fj2k"]);
        let global = "[allowlist]\nregexes = ['''^q8''']\n";
        assert_eq!(found(&format!("{global}{RULE}"), "acme_q8fj2k é acme_w3ty7u"), ["w3ty7u"]);
    }

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (go, text) in [
            (r"^\${(?:[A-Z_]+)}$", "${HOME}"),
            (r"^\{\d{0,2}}$", "{12}"),
            (r"^{{[^}]+}}$", "{{ a }}"),
            (r"^[][&&~~a-z--]+$", "]&~["),
            (r"^[[:alnum:]]{2,}x{3}$", "A9xxx"),
        ] {
            let regex = super::Pattern::parse("a", go).unwrap().build().unwrap();
            assert!(regex.is_match(text.as_bytes()), "{go} is {}", super::translated(go));
        }
    }

    #[test]
    fn mistakes_name_the_rule_and_the_way_out() {
        let error = |text: &str| GitleaksRules::from_toml(text).unwrap_err().to_string();
        assert_eq!(
            error("[[rules]]\nid = \"a\""),
            "rule `a` has no `regex` and no `path`: one of them says what it looks for"
        );
        assert!(
            error("[[rules]]\nid = \"a\"\nregex = '''(b'''")
                .starts_with("rule `a`: the pattern `(b` cannot be used: ")
        );
        assert_eq!(
            error("[extend]\npath = \"b.toml\""),
            "`extend.path` is `b.toml`: give one file that has the rules of both"
        );
        assert!(matches!(GitleaksRules::from_toml("rules = 1"), Err(ImportError::Format { .. })));
    }

    #[test]
    fn rules_about_files_are_named() {
        let rules = GitleaksRules::from_toml(&format!(
            "[extend]\nuseDefault = true\n{RULE}path = '''x'''\n[[rules]]\nid = \"b\"\npath = '''y'''"
        ))
        .unwrap();
        assert_eq!(
            (rules.not_applied(), rules.len(), rules.extends_default()),
            (&["a".to_owned(), "b".to_owned()][..], 1, true)
        );
        rules.check().unwrap();
    }
}
