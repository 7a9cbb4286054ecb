//! What one limit knows of one caller: pure arithmetic.

use std::time::Duration;

use super::Limit;

/// A limit in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// GCRA: time that each call takes, and how much may be taken ahead.
    Rate { each: u64, ahead: u64 },
    /// Calls in a window.
    Quota { calls: u64, window: u64 },
}

/// The state: of a rate the time until which calls are paid for; of a quota its window and the calls in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    at: u64,
    used: u64,
}

impl Pace {
    pub(super) fn of(limit: &Limit) -> Self {
        let period = u64::try_from(limit.per.length().as_nanos()).unwrap_or(u64::MAX);
        match limit.burst {
            Some(burst) => {
                let each = (period / limit.calls.max(1)).max(1);
                Self::Rate { each, ahead: each.saturating_mul(burst) }
            }
            None => Self::Quota { calls: limit.calls, window: period },
        }
    }

    /// Takes a call, or says how long to wait for it.
    pub(super) fn take(self, cell: &mut Cell, now: u64) -> Result<(), Duration> {
        match self {
            Self::Rate { each, ahead } => {
                let paid = cell.at.max(now).saturating_add(each);
                let latest = now.saturating_add(ahead);
                if paid > latest {
                    return Err(Duration::from_nanos(paid - latest));
                }
                cell.at = paid;
            }
            Self::Quota { calls, window } => {
                let current = now / window;
                if cell.at != current {
                    *cell = Cell { at: current, used: 0 };
                }
                if cell.used >= calls {
                    return Err(Duration::from_nanos(window - now % window));
                }
                cell.used += 1;
            }
        }
        Ok(())
    }

    /// Gives a call back.
    pub(super) const fn give_back(self, cell: &mut Cell) {
        match self {
            Self::Rate { each, .. } => cell.at = cell.at.saturating_sub(each),
            Self::Quota { .. } => cell.used = cell.used.saturating_sub(1),
        }
    }

    /// Whether a cell says no more than a new one would.
    pub(super) const fn is_idle(self, cell: &Cell, now: u64) -> bool {
        match self {
            Self::Rate { .. } => cell.at <= now,
            Self::Quota { window, .. } => cell.at != now / window,
        }
    }
}
