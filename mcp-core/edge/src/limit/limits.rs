//! All limits of a server.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use mcp_core::protocol::RpcError;
use mcp_core::service::Principal;

use super::cell::Pace;
use super::table::Table;
use super::{Dimension, Limit, LimitError};
use crate::Clock;
use crate::policy::Glob;

/// Keys that each limit remembers unless said otherwise.
const KEYS: usize = 100_000;
const MOST_LIMITS: usize = 64;

/// What a call asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who calls.
    pub principal: Option<&'a Principal>,
    /// What is to be done.
    pub method: &'a str,
    /// With which tool.
    pub tool: Option<&'a str>,
}

/// A limit refuses a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit `{limit}` is reached")]
#[non_exhaustive]
pub struct Refused {
    /// Which limit.
    pub limit: String,
    /// How long to wait until a call is worth another try.
    pub wait: Duration,
    message: String,
}

impl Refused {
    pub(super) fn new(limit: &Limit, wait: Duration) -> Self {
        let waits = if wait < Duration::from_secs(1) {
            format!("{} ms", wait.as_millis().max(1))
        } else {
            format!("{} s", wait.as_secs_f64().ceil())
        };
        let message = format!("{}; try again in {waits}", limit.describe());
        Self { limit: limit.name.clone(), wait, message }
    }

    /// What the caller is told.
    #[must_use]
    pub fn to_rpc_error(&self) -> RpcError {
        RpcError::rate_limited(self.message.clone(), self.wait)
    }
}

/// One limit, ready to be kept.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) limit: Limit,
    tools: Box<[Glob]>,
    pub(super) table: Table,
}

impl Rule {
    pub(super) fn concerns(&self, asked: &Asked<'_>) -> bool {
        let limit = &self.limit;
        let plan = || asked.principal.and_then(|who| who.plan.as_deref());
        (self.tools.is_empty()
            || asked.tool.is_some_and(|tool| self.tools.iter().any(|glob| glob.matches(tool))))
            && (limit.methods.is_empty() || limit.methods.iter().any(|method| method == asked.method))
            && (limit.plans.is_empty() || plan().is_some_and(|plan| limit.plans.iter().any(|p| p == plan)))
    }
}

/// Limits of a server, kept in this process or shared through Redis.
#[derive(Debug)]
pub struct Limits {
    rules: Box<[Rule]>,
    hasher: RandomState,
    clock: Clock,
    #[cfg(feature = "redis")]
    shared: Option<super::redis::Shared>,
}

impl Limits {
    /// Keeps limits in this process; each remembers at most 100,000 keys.
    ///
    /// # Errors
    /// A limit makes no sense.
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Result<Self, LimitError> {
        Self::with_keys(limits, KEYS)
    }

    /// The same with room for another number of keys. Those that find no room share one.
    ///
    /// # Errors
    /// A limit makes no sense.
    pub fn with_keys(limits: impl IntoIterator<Item = Limit>, keys: usize) -> Result<Self, LimitError> {
        let rules = limits.into_iter().enumerate().map(|(index, limit)| rule(index, limit, keys));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            hasher: RandomState::new(),
            clock: Clock::system(),
            #[cfg(feature = "redis")]
            shared: None,
        })
    }

    /// Goes by another clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Shares the limits through Redis. Connects in the background: until then each process keeps them on its own.
    /// Call it within a tokio runtime.
    ///
    /// # Errors
    /// The URL is none of Redis.
    #[cfg(feature = "redis")]
    pub fn shared(mut self, config: &super::RedisConfig) -> Result<Self, super::RedisError> {
        self.shared = Some(super::redis::Shared::new(config)?);
        Ok(self)
    }

    /// Whether limits that should be shared are kept by each process on its own, as Redis cannot be used.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            return shared.is_degraded();
        }
        false
    }

    /// Shows in a gauge whether limits are degraded (1) or not (0).
    #[must_use]
    pub fn gauge(self, gauge: &crate::metrics::Gauge) -> Self {
        gauge.set(f64::from(u8::from(self.is_degraded())));
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            shared.show(gauge.clone());
        }
        self
    }

    /// Whether the limits are meant to be shared.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        #[cfg(feature = "redis")]
        return self.shared.is_some();
        #[cfg(not(feature = "redis"))]
        false
    }

    /// Takes a call from all limits that concern it, as far as this process knows.
    ///
    /// # Errors
    /// A limit refuses. Then nothing is taken.
    pub fn take(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        let now = u64::try_from(self.clock.steady().as_nanos()).unwrap_or(u64::MAX);
        let mut keys = Keys { limits: self, asked, principal: None };
        for (index, rule) in self.rules.iter().enumerate() {
            if !rule.concerns(asked) {
                continue;
            }
            if let Err(wait) = rule.table.take(keys.of(rule), now) {
                for earlier in self.rules.iter().take(index).filter(|rule| rule.concerns(asked)) {
                    earlier.table.give_back(keys.of(earlier), now);
                }
                return Err(Refused::new(&rule.limit, wait));
            }
        }
        Ok(())
    }

    /// Takes a call from all limits that concern it, shared ones in Redis. Where Redis cannot be used, or not within its
    /// time-out, this process goes by its own count.
    ///
    /// # Errors
    /// A limit refuses. Then nothing is taken.
    #[cfg(feature = "redis")]
    pub async fn take_shared(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        if let Some(shared) = &self.shared
            && let Some(taken) = shared.take(&self.rules, asked).await
        {
            return taken;
        }
        self.take(asked)
    }
}

/// The keys of a call, hashed with a secret of the process: nobody can aim at another's cell.
struct Keys<'a> {
    limits: &'a Limits,
    asked: &'a Asked<'a>,
    principal: Option<u64>,
}

impl Keys<'_> {
    fn of(&mut self, rule: &Rule) -> u64 {
        let (hasher, asked) = (&self.limits.hasher, self.asked);
        rule.limit.by.iter().fold(0, |key: u64, dimension| {
            let part = match dimension {
                Dimension::Principal => *self.principal.get_or_insert_with(|| {
                    hasher.hash_one(asked.principal.map(|who| (&who.issuer, &who.org, &who.user)))
                }),
                Dimension::Org => hasher.hash_one(asked.principal.map(|who| (&who.issuer, &who.org))),
                Dimension::Tool => hasher.hash_one(asked.tool),
                Dimension::Method => hasher.hash_one(asked.method),
            };
            key.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part
        })
    }
}

fn rule(index: usize, limit: Limit, keys: usize) -> Result<Rule, LimitError> {
    let wrong = |field, problem| Err(LimitError { index, field, problem });
    if index >= MOST_LIMITS {
        return wrong("name", "there may be at most 64 limits");
    }
    if limit.name.is_empty() {
        return wrong("name", "a limit needs a name: callers are told which one refused");
    }
    if limit.calls == 0 || limit.calls > 1_000_000_000 {
        return wrong("calls", "must be from 1 to 1,000,000,000; what nobody may do is for the policy");
    }
    if limit.burst == Some(0) {
        return wrong("burst", "must be at least 1: with 0 no call ever passes");
    }
    let tools = limit.tools.iter().map(|tool| Glob::name(tool)).collect::<Result<_, _>>();
    let tools = tools.map_err(|problem| LimitError { index, field: "tools", problem })?;
    Ok(Rule { table: Table::new(Pace::of(&limit), keys), limit, tools })
}
