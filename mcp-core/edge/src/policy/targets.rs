//! Which rules are about a name.

use std::collections::HashMap;

use super::Glob;

/// Rules by what they are about: exact names by table, patterns in turn.
#[derive(Debug)]
pub(super) struct Targets {
    exact: HashMap<Box<str>, Vec<u32>>,
    /// By the character that a name must begin with.
    by_first: HashMap<char, Vec<(Glob, u32)>>,
    /// Those that may begin with any.
    free: Vec<(Glob, u32)>,
}

impl Targets {
    pub(super) fn new<'a>(rules: impl Iterator<Item = &'a [Glob]>) -> Self {
        let mut targets = Self { exact: HashMap::new(), by_first: HashMap::new(), free: Vec::new() };
        for (rule, globs) in (0u32..).zip(rules) {
            for glob in globs {
                if glob.is_exact() {
                    targets.exact.entry(glob.as_str().into()).or_default().push(rule);
                } else if let Some(first) = glob.first() {
                    targets.by_first.entry(first).or_default().push((glob.clone(), rule));
                } else {
                    targets.free.push((glob.clone(), rule));
                }
            }
        }
        targets
    }

    /// The rules about a name: first those that spell it out.
    pub(super) fn matching<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let exact = self.exact.get(name).map(Vec::as_slice).unwrap_or_default().iter().copied();
        let alike = name.chars().next().and_then(|first| self.by_first.get(&first));
        let patterns = alike.map(Vec::as_slice).unwrap_or_default().iter().chain(&self.free);
        let patterns = patterns.filter(|(glob, _)| glob.matches(name)).map(|(_, rule)| *rule);
        exact.chain(patterns).map(|rule| rule as usize)
    }

    /// The rules that spell a name out.
    pub(super) fn exactly<'a>(&'a self, name: &str) -> impl Iterator<Item = usize> + 'a {
        self.exact.get(name).map(Vec::as_slice).unwrap_or_default().iter().map(|rule| *rule as usize)
    }
}
