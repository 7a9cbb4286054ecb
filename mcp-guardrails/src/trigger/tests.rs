use proptest::prelude::*;
use proptest::strategy::ValueTree;
use regex_syntax::ParserBuilder;

use super::Matcher;
use super::chain::chains;
use crate::rule::Trigger;

fn single(pattern: &str) -> Matcher {
    let trigger = Trigger { patterns: vec![pattern.to_owned()], ..Trigger::default() };
    Matcher::new([&trigger]).unwrap()
}

fn is_chain(pattern: &str) -> bool {
    chains(&ParserBuilder::new().case_insensitive(true).build().parse(pattern).unwrap()).is_some()
}

fn expected(pattern: &str, text: &str) -> bool {
    regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap().is_match(text)
}

#[test]
fn ordinary_intents_are_chains() {
    for pattern in [
        r"(create|add|build).*?(component|page|form)",
        r"(add|implement).*?(middleware|validation|error.*?handling)",
        r"how to.*?test",
        r"\b(fix|debug)\b.*errors?\b",
        "(best.*practice|explain).*?(route|service)",
        "colou?r",
        "a.+b",
    ] {
        assert!(is_chain(pattern), "{pattern}");
    }
    for pattern in [r"\d+", "a.{1,9}b", "^a", "a\nb", "(?s)a.*b", "(?-i)abc", "", "a|", ".*", "a[^b]c"] {
        assert!(!is_chain(pattern), "{pattern}");
    }
}

#[test]
fn corners() {
    let check = |pattern: &str, text: &str| {
        assert_eq!(
            single(pattern).matches(text).contains(0),
            expected(pattern, text),
            "{pattern:?} on {text:?}"
        );
    };
    for (pattern, text) in [
        ("a.*b", "a\nb"),
        ("a.*b", "b\na b"),
        ("a.+b", "ab"),
        ("a.+b", "a b"),
        ("a.+b", "aab"),
        ("aa.*a", "aa"),
        ("aa.*a", "aaa"),
        ("k.*s", "\u{212a}\u{17f}"),
        (r"\ba\b.*\bb", "ab a b"),
        (r"\ba\b.*\bb", "ab ab"),
        ("(a|bc).*(c|d)", "bc"),
        ("(a|b.*c).*d", "b c\nd b cd"),
        (r"x\by", "xy"),
        (r"a(?:b|)\b.*c", "ab c"),
        ("(?-i:K)", "k"),
        ("(?i)ß", "ẞ"),
    ] {
        check(pattern, text);
    }
}

/// Expressions over few letters, so that texts of the same letters match often.
fn patterns() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec![
        "a", "b", "k", "s", "A", "é", "ß", "_", " ", "-", "ab", "ba", "[ab]", "[ks]", "b?", r"\b", "a{1,2}",
        r"\-",
    ]);
    let word = prop::collection::vec(letters, 1..4).prop_map(|parts| parts.concat());
    let set = prop::collection::vec(word, 1..4).prop_map(|all| format!("({})", all.join("|")));
    let gap = prop::sample::select(vec![".*", ".*?", ".+", ".+?", ""]);
    let chain = (set, prop::collection::vec((gap, patterns_set()), 0..3));
    let chain =
        chain.prop_map(|(first, rest)| rest.into_iter().fold(first, |sum, (gap, set)| sum + gap + &set));
    prop::collection::vec(chain, 1..3).prop_map(|all| all.join("|"))
}

fn patterns_set() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "K",
        "s.*a",
        "b.+k",
        r"\ba",
        r"k\b",
        "é",
        "aa",
        "(?:a|bb)s",
    ]);
    prop::collection::vec(words, 1..4).prop_map(|all| format!("({})", all.join("|")))
}

fn texts() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec![
        'a', 'b', 'k', 's', 'A', 'B', 'K', '\u{212a}', '\u{17f}', 'é', 'É', 'ß', 'ẞ', '_', ' ', '-', '\n',
        'x',
    ]);
    prop::collection::vec(letters, 0..16).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// 5,000 expressions and twenty texts for each: a hundred thousand pairs.
    #[test]
    fn chains_match_what_their_expressions_match(pattern in patterns(), texts in prop::collection::vec(texts(), 20)) {
        let matcher = single(&pattern);
        let regex = regex::RegexBuilder::new(&pattern).case_insensitive(true).build().unwrap();
        for text in texts {
            prop_assert_eq!(matcher.matches(&text).contains(0), regex.is_match(&text), "{:?} on {:?}", pattern, text);
        }
    }
}

#[test]
fn most_random_expressions_are_chains() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let made = (0..400).filter(|_| is_chain(&patterns().new_tree(&mut runner).unwrap().current())).count();
    assert!(made > 200, "the property above would test little: {made} of 400");
}

#[test]
fn words_are_whole_where_asked() {
    let keyword = |whole_words| Trigger {
        keywords: vec!["form".into(), ".env".into()],
        whole_words,
        ..Trigger::default()
    };
    let matcher = Matcher::new([&keyword(true), &keyword(false)]).unwrap();
    let check = |text: &str, expect: &[usize]| {
        assert_eq!(matcher.matches(text).iter().collect::<Vec<_>>(), expect, "{text}");
    };
    check("information", &[1]);
    check("a FORM, please", &[0, 1]);
    check("x.env", &[0, 1]);
    check("x.environment", &[1]);
    check("other", &[]);
}

#[test]
fn what_is_no_chain_runs_by_itself_and_is_reported() {
    let trigger = Trigger {
        patterns: vec![r"drop\s+table".into(), r"(?<!un)safe".into(), r"\d{4}".into()],
        ..Trigger::default()
    };
    let matcher = Matcher::new([&trigger]).unwrap();
    assert_eq!(matcher.slow().len(), 3);
    for (text, expect) in [
        ("DROP   TABLE x", true),
        ("drop the table", false),
        ("a safe", true),
        ("unsafe", false),
        ("1234", true),
    ] {
        assert_eq!(matcher.matches(text).contains(0), expect, "{text}");
    }
    assert!(Matcher::new([&Trigger { patterns: vec!["(".into()], ..Trigger::default() }]).is_err());
}

#[test]
fn expressions_that_backtrack_give_up_and_count_as_fired() {
    let trigger = Trigger { patterns: vec!["(?:a+)+(?=c)b".into()], ..Trigger::default() };
    let matcher = Matcher::new([&trigger]).unwrap();
    assert!(matcher.matches(&"a".repeat(5_000)).contains(0));
    assert!(!matcher.matches("other").contains(0));
}
