//! What somebody may have meant.

/// The name that looks most like a word, if one does.
#[must_use]
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.into_iter().map(|name| (strsim::damerau_levenshtein(word, name), name));
    let (least, best) = scored.min_by_key(|(edits, _)| *edits)?;
    (least <= word.chars().count().max(best.chars().count()).div_ceil(3)).then_some(best)
}

/// The same as the end of a message.
#[must_use]
pub(crate) fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_offered() {
        let names = ["server", "memory", "guardrails"];
        assert_eq!(nearest("memroy", names), Some("memory"));
        assert_eq!(nearest("sever", names), Some("server"));
        assert_eq!(nearest("zebra", names), None);
    }
}
