//! Which words of a file fire too often.

use super::SkillRules;
use super::common::is_common;
use crate::engine::Engine;
use crate::event::Event;
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
    /// Whether it is one common word, which as a whole word counts only beside another cue: give it a second word, or make it a pattern.
    pub common: bool,
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
        // Whether a skill is activated is for its rules to say: words that fire are not always enough.
        let engine = |rules: &crate::RuleSet| Engine::builder().cache(0).deadline(None).build(rules.clone());
        let (Ok(as_read), Ok(by_words)) = (engine(&self.set), engine(&self.by_words)) else { return lint };
        let mut counts = vec![(0, 0); owners.len()];
        for text in texts {
            let (loose, strict) = (anywhere.matches(text), whole.matches(text));
            lint.texts += 1;
            let activates =
                |engine: &Engine| usize::from(!engine.decide(&Event::prompt(text)).skills().is_empty());
            lint.activated += activates(&as_read);
            lint.activated_by_words += activates(&by_words);
            for (at, count) in counts.iter_mut().enumerate() {
                count.0 += usize::from(loose.contains(at));
                count.1 += usize::from(strict.contains(at));
            }
        }
        let firing = owners.into_iter().zip(counts).filter(|(_, (fires, _))| *fires > 0);
        let named = |((skill, text), (fires, as_word)): ((String, String), (usize, usize))| {
            let common = is_common(&text);
            Firing { skill, text, fires, as_word, common }
        };
        lint.firing = firing.map(named).collect();
        lint.firing.sort_by_key(|firing| std::cmp::Reverse(firing.fires));
        lint
    }

    /// What names it in errors.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
