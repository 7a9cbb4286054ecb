//! The lists that rules go by.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words in lower case.
pub(super) type List = LazyLock<HashSet<&'static str>>;

fn list(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

/// Articles, auxiliaries and what only stresses.
pub(super) static EMPTY: List = LazyLock::new(|| {
    list(
        "a an the do does is are am be been being any some ever yet still now currently always longer anymore
        more really actually just please so very that 's already definitely certainly all at generally
        completely",
    )
});
/// A sentence with one of these claims nothing that holds in general: it supposes, compares, doubts, or gives one of several.
pub(super) static HEDGES: List = LazyLock::new(|| {
    list(
        "if unless maybe perhaps might could would probably possibly sometimes usually often mostly either
        whether wonder unsure guess suppose example e.g wish hope hopefully likely rarely seldom
        occasionally also too another both than but except although though however while seems seem think
        thinks was were had did didn't wasn't weren't",
    )
});
/// A sentence with one of these tells of one occasion.
pub(super) static EPISODES: List = LazyLock::new(|| {
    list(
        "yesterday today tomorrow tonight ago last next went ran got took made came saw said told spent
        bought sold paid met ate left won lost sent wrote found grew fell rose gave began drank slept felt
        knew thought heard drove flew read recently again",
    )
});
/// What a number may count. A number before another word is more often a name: "version 2", "step 3".
pub(super) static UNITS: List = LazyLock::new(|| {
    list(
        "ms millisecond s sec second min minute h hour day week month year quarter % percent b byte kb mb gb
        tb kib mib gib $ € £ dollar euro pound usd eur m meter metre km kilometer mile kg g gram user people
        person seat request retry retrie replica connection worker thread core instance node item character
        token row degree time",
    )
});
/// What something has one of.
pub(super) static SINGLE: List = LazyLock::new(|| {
    list(
        "name port version database deadline owner lead leader manager address email password limit timeout
        branch region capital language colour color date day budget price cost size number birthday wife
        husband mother father maintainer framework editor provider host hostname url endpoint license
        licence timezone currency registry backend supervisor headquarters",
    )
});
/// What makes one of many the only one.
pub(super) static CHOSEN: List =
    LazyLock::new(|| list("favourite favorite default preferred primary main official first-choice only"));
/// Where a value ends and circumstances begin.
pub(super) static CIRCUMSTANCES: List =
    LazyLock::new(|| list("in for on at since from when during with by until of to under via because as"));
/// What stands for something else.
pub(super) static PRONOUNS: List =
    LazyLock::new(|| list("it this that there he she they these those who what which here such everything"));
/// What depends on who says it.
pub(super) static PERSONAL: List = LazyLock::new(|| list("i my mine me i'm you your yours myself"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_once_and_in_lower_case() {
        for words in
            [&EMPTY, &HEDGES, &EPISODES, &UNITS, &SINGLE, &CHOSEN, &CIRCUMSTANCES, &PRONOUNS, &PERSONAL]
        {
            assert!(words.len() > 5 && words.iter().all(|word| word.to_lowercase() == **word), "{words:?}");
        }
        assert!(HEDGES.is_disjoint(&EMPTY) && EPISODES.is_disjoint(&EMPTY) && UNITS.contains("%"));
    }
}
