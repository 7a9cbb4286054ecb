//! Which words of a file fire too often.

use super::{SkillRules, Words};
use crate::rule::Trigger;
use crate::trigger::Matcher;

/// How often one keyword or pattern fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Whose it is.
    pub skill: String,
    /// The keyword or pattern.
    pub text: String,
    /// On how many texts it fires.
    pub fires: usize,
    /// And on how many it fires where whole words count only.
    pub as_word: usize,
}

/// What is odd about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillLint {
    /// How many texts were looked at.
    pub texts: usize,
    /// How many of them activate a skill as the file is read now.
    pub activated: usize,
    /// How many would where whole words count only.
    pub activated_by_words: usize,
    /// What fires at all, most often first.
    pub firing: Vec<Firing>,
    /// Patterns that are no chains of words and run by themselves, and why.
    pub slow: Vec<(String, &'static str)>,
}

impl SkillRules {
    /// Tries the file on texts that should activate nothing, such as prompts about other things.
    #[must_use]
    pub fn lint<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> SkillLint {
        let (mut owners, mut anywhere, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for skill in &self.skills {
            let keyword = |word: &String| Trigger { keywords: vec![word.clone()], ..Trigger::default() };
            let pattern = |text: &String| Trigger { patterns: vec![text.clone()], ..Trigger::default() };
            for (text, trigger) in skill
                .keywords
                .iter()
                .map(|word| (word, keyword(word)))
                .chain(skill.intents.iter().map(|text| (text, pattern(text))))
            {
                owners.push((skill.name.clone(), text.clone()));
                whole.push(Trigger { whole_words: true, ..trigger.clone() });
                anywhere.push(trigger);
            }
        }
        let mut lint =
            SkillLint { texts: 0, activated: 0, activated_by_words: 0, firing: Vec::new(), slow: Vec::new() };
        // INVARIANT: the patterns were checked when the file was read.
        let (Ok(anywhere), Ok(whole)) = (Matcher::new(&anywhere), Matcher::new(&whole)) else { return lint };
        lint.slow = anywhere.slow().iter().map(|slow| (slow.pattern.clone(), slow.why)).collect();
        let mut counts = vec![(0, 0); owners.len()];
        for text in texts {
            let (loose, strict) = (anywhere.matches(text), whole.matches(text));
            lint.texts += 1;
            let (fires, by_word) = (loose.iter().next().is_some(), strict.iter().next().is_some());
            lint.activated += usize::from(if self.words == Words::Whole { by_word } else { fires });
            lint.activated_by_words += usize::from(by_word);
            for (at, count) in counts.iter_mut().enumerate() {
                count.0 += usize::from(loose.contains(at));
                count.1 += usize::from(strict.contains(at));
            }
        }
        let firing = owners.into_iter().zip(counts).filter(|(_, (fires, _))| *fires > 0);
        lint.firing =
            firing.map(|((skill, text), (fires, as_word))| Firing { skill, text, fires, as_word }).collect();
        lint.firing.sort_by_key(|firing| std::cmp::Reverse(firing.fires));
        lint
    }

    /// What names it in errors.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
