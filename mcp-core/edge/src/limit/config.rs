//! Limits as they are written.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is counted apart. Without any, all calls that a limit is about are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dimension {
    /// Each caller. Those that are not known count as one.
    Principal,
    /// Each organisation.
    Org,
    /// Each tool.
    Tool,
    /// Each method of the protocol.
    Method,
}

/// The time that a number of calls is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Period {
    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// One limit: how many calls, of whom, of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Limit {
    /// What callers are told about it.
    pub name: String,
    /// How many calls.
    pub calls: u64,
    /// In what time.
    pub per: Period,
    /// A rate: how many at once. Absent where it is a quota, whose calls may come at any time of the window.
    #[serde(default)]
    pub burst: Option<u64>,
    /// What is counted apart.
    #[serde(default)]
    pub by: Vec<Dimension>,
    /// The tools it is about, with `*` and `?`; empty: every request, whether it calls a tool or not.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The methods it is about; empty: all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The plans it is about; empty: all callers.
    #[serde(default)]
    pub plans: Vec<String>,
}

impl Limit {
    /// So many calls in a period, evenly; at once as many (see [`burst`](Self::burst)).
    pub fn rate(name: impl Into<String>, calls: u64, per: Period) -> Self {
        Self { burst: Some(calls), ..Self::quota(name, calls, per) }
    }

    /// So many calls in each period, at whatever time.
    pub fn quota(name: impl Into<String>, calls: u64, per: Period) -> Self {
        Self {
            name: name.into(),
            calls,
            per,
            burst: None,
            by: Vec::new(),
            tools: Vec::new(),
            methods: Vec::new(),
            plans: Vec::new(),
        }
    }

    /// How many calls of a rate may come at once.
    #[must_use]
    pub const fn burst(mut self, calls: u64) -> Self {
        self.burst = Some(calls);
        self
    }

    /// What is counted apart.
    #[must_use]
    pub fn by(mut self, by: impl IntoIterator<Item = Dimension>) -> Self {
        self.by = by.into_iter().collect();
        self
    }

    /// Only these tools; with `*` and `?`.
    #[must_use]
    pub fn tools<T: Into<String>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.tools = tools.into_iter().map(Into::into).collect();
        self
    }

    /// Only these methods.
    #[must_use]
    pub fn methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Only callers with these plans.
    #[must_use]
    pub fn plans<T: Into<String>>(mut self, plans: impl IntoIterator<Item = T>) -> Self {
        self.plans = plans.into_iter().map(Into::into).collect();
        self
    }

    /// What callers are told.
    pub(super) fn describe(&self) -> String {
        let (name, calls, per) = (&self.name, self.calls, self.per.name());
        match self.burst {
            Some(burst) if burst != calls => {
                format!("limit `{name}` is reached: {calls} calls per {per}, {burst} at once")
            }
            _ => format!("limit `{name}` is reached: {calls} calls per {per}"),
        }
    }
}

/// A limit cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limits[{index}].{field}: {problem}")]
#[non_exhaustive]
pub struct LimitError {
    /// Which limit.
    pub index: usize,
    /// Which of its members.
    pub field: &'static str,
    /// What is wrong.
    pub problem: &'static str,
}
