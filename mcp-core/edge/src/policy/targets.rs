//! Which rules are about a name.

use std::collections::HashMap;

use super::Glob;

/// Rules by what they are about: exact names by table, patterns in turn.
#[derive(Debug)]
pub(super) struct Targets {
    exact: HashMap<Box<str>, Vec<u32>>,
    patterns: Box<[(Glob, u32)]>,
}

impl Targets {
    pub(super) fn new<'a>(rules: impl Iterator<Item = &'a [Glob]>) -> Self {
        let (mut exact, mut patterns) = (HashMap::<Box<str>, Vec<u32>>::new(), Vec::new());
        for (rule, globs) in (0u32..).zip(rules) {
            for glob in globs {
                if glob.is_exact() {
                    exact.entry(glob.as_str().into()).or_default().push(rule);
                } else {
                    patterns.push((glob.clone(), rule));
                }
            }
        }
        Self { exact, patterns: patterns.into() }
    }

    /// The rules about a name: first those that spell it out.
    pub(super) fn matching<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let exact = self.exact.get(name).map(Vec::as_slice).unwrap_or_default().iter().copied();
        let patterns = self.patterns.iter().filter(|(glob, _)| glob.matches(name)).map(|(_, rule)| *rule);
        exact.chain(patterns).map(|rule| rule as usize)
    }

    /// The rules that spell a name out.
    pub(super) fn exactly<'a>(&'a self, name: &str) -> impl Iterator<Item = usize> + 'a {
        self.exact.get(name).map(Vec::as_slice).unwrap_or_default().iter().map(|rule| *rule as usize)
    }
}
