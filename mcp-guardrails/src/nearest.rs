//! What somebody may have meant.

/// The name that looks most like a word, by how many characters must change; none if even that one looks different.
///
/// ```
/// use mcp_guardrails::nearest;
///
/// let names = ["server", "memory", "guardrails"];
/// assert_eq!(nearest("memroy", names), Some("memory"));
/// assert_eq!(nearest("zebra", names), None);
/// ```
#[must_use]
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.into_iter().map(|name| (edits(word, name), name));
    let (least, best) = scored.min_by_key(|(edits, _)| *edits)?;
    (least <= 1 + word.chars().count().max(best.chars().count()) / 3).then_some(best)
}

/// How many characters must change to make one word the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for ((column, b), above) in to.iter().enumerate().zip(previous.windows(2)) {
            let [diagonal, up] = above else { continue };
            let left = current.last().copied().unwrap_or(column);
            current.push((diagonal + usize::from(a != *b)).min(up + 1).min(left + 1));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_offered() {
        let names = ["server", "memory", "guardrails"];
        for (word, near) in
            [("memroy", Some("memory")), ("sever", Some("server")), ("zebra", None), ("", None)]
        {
            assert_eq!(nearest(word, names), near, "{word}");
        }
        assert_eq!(nearest("grün", ["grau", "grün"]), Some("grün"));
        assert_eq!(nearest("a", []), None);
    }
}
