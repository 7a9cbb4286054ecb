//! What is to be done with a memory, by what is here, what is there, and how it was when both agreed.

use super::mark::Mark;

/// How a memory was when here and there agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    /// What was there.
    pub(super) there: Mark,
    /// Version and last change of what was here; nothing where it was not to be kept here.
    pub(super) here: Option<(u32, i64)>,
    /// What it was tied to, as a digest.
    pub(super) ties: u32,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Here and there agree, or agree about what must not be.
    Nothing,
    /// Take what is there.
    Pull,
    /// Send what is here.
    Push,
    /// Send that it was deleted here.
    PushDeletion,
    /// Nobody has it any more.
    Forget,
}

/// What is to be done, and whether both had changed. `ties` are those of what is here.
pub(super) fn decide(
    here: Option<(u32, i64)>,
    ties: u32,
    there: Option<Mark>,
    agreed: Option<Agreed>,
) -> (Step, bool) {
    // A remote may list what is older than what was agreed on: it is late, or somebody put it back. That is no change.
    let late = agreed.zip(there).is_some_and(|(agreed, there)| there < agreed.there);
    let changed_here =
        agreed.is_none_or(|agreed| agreed.here != here || (here.is_some() && agreed.ties != ties));
    let changed_there = agreed.map(|agreed| agreed.there) != there;
    let step = |step| (step, false);
    match (here, there, agreed) {
        (None, None, None) => step(Step::Nothing),
        (None, None, Some(_)) => step(Step::Forget),
        // Somebody emptied the remote: that is not how memories are deleted.
        (Some(_), None, _) => step(Step::Push),
        (None, Some(_), None) => step(Step::Pull),
        (None, Some(there), Some(agreed)) => match (changed_here, changed_there) {
            (false, false) => step(Step::Nothing),
            (false, true) => step(if late { Step::Nothing } else { Step::Pull }),
            (true, false) => step(Step::PushDeletion),
            (true, true) if late => step(Step::PushDeletion),
            // Deleted here, and changed there or deleted too: the deletion is one version after what both had, at this moment.
            (true, true) if there.deleted || there.version > agreed.there.version.saturating_add(1) => {
                (Step::Pull, !there.deleted)
            }
            (true, true) => (Step::PushDeletion, true),
        },
        (Some(here), Some(there), agreed) => match (changed_here, changed_there) {
            (false, false) => step(Step::Nothing),
            (false, true) => step(if late { Step::Push } else { Step::Pull }),
            (true, false) => step(Step::Push),
            (true, true) if late => step(Step::Push),
            // What can be told without its text; where that is the same, it is most likely the same.
            (true, true) => {
                let both = agreed.is_some();
                (if here > there.order() { Step::Push } else { Step::Pull }, both)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> Mark {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_newer_travels() {
        use Step::{Forget, Nothing, Pull, Push, PushDeletion};
        let (v1, v2, v3) = (mark("1.10.m.0"), mark("2.20.m.0"), mark("3.30.m.0"));
        let (gone2, gone3) = (mark("2.20.d.0"), mark("3.30.d.0"));
        let at_1 = Agreed { there: v1, here: Some((1, 10)), ties: 0 };
        let never = Agreed { there: v1, here: None, ties: 0 };
        let at_3 = Agreed { there: v3, here: Some((1, 10)), ties: 0 };
        let buried = Agreed { there: gone2, here: None, ties: 0 };
        let table = [
            (None, None, None, Nothing, false),
            (None, None, Some(at_1), Forget, false),
            (Some((1, 10)), None, None, Push, false),
            (Some((1, 10)), None, Some(at_1), Push, false),
            (None, Some(v1), None, Pull, false),
            (None, Some(gone2), None, Pull, false),
            (Some((1, 10)), Some(v1), Some(at_1), Nothing, false),
            (Some((1, 10)), Some(v2), Some(at_1), Pull, false),
            (Some((1, 10)), Some(gone2), Some(at_1), Pull, false),
            (Some((2, 15)), Some(v1), Some(at_1), Push, false),
            (Some((2, 15)), Some(v2), Some(at_1), Pull, true),
            (Some((2, 25)), Some(v2), Some(at_1), Push, true),
            (Some((3, 15)), Some(gone2), Some(at_1), Push, true),
            (Some((2, 15)), Some(gone2), Some(at_1), Pull, true),
            (None, Some(v1), Some(at_1), PushDeletion, false),
            (None, Some(v2), Some(at_1), PushDeletion, true),
            (None, Some(v3), Some(at_1), Pull, true),
            (None, Some(gone3), Some(at_1), Pull, false),
            (None, Some(v1), Some(never), Nothing, false),
            (None, Some(v2), Some(never), Pull, false),
            (None, Some(gone2), Some(buried), Nothing, false),
            // The remote is late.
            (Some((1, 10)), Some(v2), Some(at_3), Push, false),
            (Some((1, 15)), Some(v2), Some(at_3), Push, false),
            (None, Some(v2), Some(at_3), PushDeletion, false),
            (None, Some(v1), Some(buried), Nothing, false),
            // The state of this place was lost.
            (Some((1, 10)), Some(v1), None, Pull, false),
            (Some((2, 15)), Some(v1), None, Push, false),
            (Some((1, 10)), Some(gone2), None, Pull, false),
        ];
        for (here, there, agreed, step, conflict) in table {
            assert_eq!(decide(here, 0, there, agreed), (step, conflict), "{here:?} {there:?} {agreed:?}");
        }
        // Tied to something else, here or in both places.
        assert_eq!(decide(Some((1, 10)), 7, Some(v1), Some(at_1)), (Push, false));
        assert_eq!(decide(Some((1, 10)), 7, Some(v2), Some(at_1)), (Pull, true));
        assert_eq!(decide(Some((1, 10)), 7, Some(v1), Some(Agreed { ties: 7, ..at_1 })), (Nothing, false));
        assert_eq!(decide(None, 0, Some(v1), Some(Agreed { ties: 7, ..at_1 })), (PushDeletion, false));
    }
}
