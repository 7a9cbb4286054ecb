//! How far sequences have come, and what windows add up to. Each takes one step per event, however long the session is.

use serde::{Deserialize, Serialize};

/// A window is told in so many parts.
pub(super) const PARTS: u64 = 64;
/// More values of a shared field are not followed; the longest ago makes room.
const MOST_VALUES: usize = 256;
/// More different values are not told apart.
const MOST_DISTINCT: usize = 4096;

/// How far one sequence has come: for each step but the last, when the latest run that reached it began. A later beginning
/// leaves more time, so no other run matters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    began: Vec<Option<u64>>,
}

impl Run {
    /// Whether the last step, now, ends a run that is not too old.
    pub(super) fn ends(&self, last: usize, now: u64, within: u64) -> bool {
        let before = last.checked_sub(1).and_then(|stage| self.began.get(stage).copied().flatten());
        before.is_some_and(|began| now.saturating_sub(began) <= within)
    }

    /// An event of this step.
    pub(super) fn step(&mut self, stage: usize, now: u64, within: u64) {
        let began = match stage.checked_sub(1) {
            None => Some(now),
            Some(before) => {
                self.began.get(before).copied().flatten().filter(|began| now.saturating_sub(*began) <= within)
            }
        };
        if began.is_none() {
            return;
        }
        if self.began.len() <= stage {
            self.began.resize(stage + 1, None);
        }
        if let Some(place) = self.began.get_mut(stage) {
            *place = began.max(*place);
        }
    }

    fn latest(&self) -> Option<u64> {
        self.began.iter().flatten().max().copied()
    }
}

/// Runs of one sequence by the value that its steps share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Runs(Vec<(u64, Run)>);

impl Runs {
    pub(super) fn get(&self, value: u64) -> Option<&Run> {
        self.0.iter().find(|(known, _)| *known == value).map(|(_, run)| run)
    }

    pub(super) fn step(&mut self, value: u64, stage: usize, now: u64, within: u64) {
        if let Some((_, run)) = self.0.iter_mut().find(|(known, _)| *known == value) {
            run.step(stage, now, within);
            return;
        }
        // Only a first step begins something.
        if stage > 0 {
            return;
        }
        if self.0.len() >= MOST_VALUES {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, (_, run))| run.latest()).map(|(at, _)| at);
            oldest.map(|at| self.0.swap_remove(at));
        }
        let mut run = Run::default();
        run.step(stage, now, within);
        self.0.push((value, run));
    }
}

/// What events of the last time add up to, by parts of that time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// The number of the newest part.
    newest: u64,
    /// The newest part last; those that are left out are empty.
    parts: Vec<f64>,
}

impl Sums {
    const fn part(now: u64, within: u64) -> u64 {
        let width = if within < PARTS { 1 } else { within / PARTS };
        now / width
    }

    pub(super) fn total(&self, now: u64, within: u64) -> f64 {
        let passed = Self::part(now, within).saturating_sub(self.newest);
        let kept = usize::try_from(PARTS.saturating_sub(passed)).unwrap_or(0);
        self.parts.iter().rev().take(kept).sum()
    }

    pub(super) fn add(&mut self, amount: f64, now: u64, within: u64) {
        let part = Self::part(now, within).max(self.newest);
        let passed = if self.parts.is_empty() { 1 } else { part - self.newest };
        for _ in 0..passed.min(PARTS) {
            self.parts.push(0.0);
        }
        let surplus = self.parts.len().saturating_sub(usize::try_from(PARTS).unwrap_or(64));
        self.parts.drain(..surplus);
        self.newest = part;
        if let Some(last) = self.parts.last_mut() {
            *last += amount;
        }
    }
}

/// Different values of the last time, and when each was last there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Values(Vec<(u64, u64)>);

impl Values {
    /// How many there are, with these.
    pub(super) fn count(&self, with: &[u64], now: u64, within: u64) -> usize {
        let living = |at: u64| now.saturating_sub(at) <= within;
        let known = self.0.iter().filter(|(_, at)| living(*at)).count();
        let mut new: Vec<u64> = with
            .iter()
            .copied()
            .filter(|value| !self.0.iter().any(|(known, at)| known == value && living(*at)))
            .collect();
        new.sort_unstable();
        new.dedup();
        known + new.len()
    }

    pub(super) fn add(&mut self, value: u64, now: u64, within: u64) {
        if let Some((_, at)) = self.0.iter_mut().find(|(known, _)| *known == value) {
            *at = now.max(*at);
            return;
        }
        if self.0.len() >= MOST_DISTINCT {
            self.0.retain(|(_, at)| now.saturating_sub(*at) <= within);
        }
        if self.0.len() < MOST_DISTINCT {
            self.0.push((value, now));
        }
    }
}

/// What is remembered for one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Track {
    Run(Run),
    Runs(Runs),
    Sums(Sums),
    Values(Values),
}
