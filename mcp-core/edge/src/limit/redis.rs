//! Limits of many processes, kept in Redis by one script with the semantics of [`super::cell`].
//!
//! The script goes by the clock of the server: clocks of processes differ, and one that is ahead would take what belongs to
//! others. A process that gets no answer in time goes by its own count until a probe says that Redis is back.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client};
use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::cell::Pace;
use super::limits::Rule;
use super::{Asked, Dimension, RedisConfig, Refused};
use crate::metrics::Gauge;

/// For each key: what kind, how long a call takes (µs) or how many there are, and how much may be taken ahead or how long the
/// window is (µs). Answers which refuses and for how many µs, and takes from all or from none.
const SCRIPT: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local new, ttl = {}, {}
for i, key in ipairs(KEYS) do
  local kind, a, b = ARGV[i * 3 - 2], tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  if kind == 'r' then
    local paid = math.max(tonumber(redis.call('GET', key) or 0), now) + a
    if paid > now + b then return {i, math.ceil(paid - now - b)} end
    new[i], ttl[i] = string.format('%.3f', paid), paid - now
  else
    local window = math.floor(now / b)
    local used = tonumber(redis.call('GET', key .. ':' .. string.format('%.0f', window)) or 0)
    if used >= a then return {i, math.ceil(b - now % b)} end
    new[i], ttl[i] = window, b - now % b
  end
end
for i, key in ipairs(KEYS) do
  local life = math.ceil(ttl[i] / 1000) + 1
  if ARGV[i * 3 - 2] == 'r' then
    redis.call('SET', key, new[i], 'PX', life)
  else
    key = key .. ':' .. string.format('%.0f', new[i])
    redis.call('INCR', key)
    redis.call('PEXPIRE', key, life)
  end
end
return {0, 0}
";

/// Redis cannot be used as it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`redis.url` must look like `redis://host:6379/0`")]
pub struct RedisError;

#[derive(Debug)]
pub(super) struct Shared {
    link: Arc<Link>,
    probe: JoinHandle<()>,
}

struct Link {
    client: Client,
    prefix: String,
    patience: Duration,
    every: Duration,
    connection: ArcSwapOption<Ready>,
    degraded: AtomicBool,
    gauge: Mutex<Option<Gauge>>,
    broken: Notify,
}

/// A connection that knows the script.
struct Ready {
    connection: MultiplexedConnection,
    script: String,
}

impl Shared {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, RedisError> {
        let client = Client::open(config.url.as_str()).map_err(|_| RedisError)?;
        let link = Arc::new(Link {
            client,
            prefix: config.prefix.clone(),
            patience: Duration::from_millis(config.patience_ms.max(1)),
            every: Duration::from_millis(config.probe_ms.max(10)),
            connection: ArcSwapOption::empty(),
            degraded: AtomicBool::new(true),
            gauge: Mutex::default(),
            broken: Notify::new(),
        });
        let probed = Arc::clone(&link);
        let probe = tokio::spawn(async move { probed.probe().await });
        Ok(Self { link, probe })
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.link.degraded.load(Relaxed)
    }

    pub(super) fn show(&self, gauge: Gauge) {
        gauge.set(f64::from(u8::from(self.is_degraded())));
        *self.link.gauge.lock() = Some(gauge);
    }

    /// Takes a call from all limits that concern it; nothing where Redis gives no answer in time.
    pub(super) async fn take(&self, rules: &[Rule], asked: &Asked<'_>) -> Option<Result<(), Refused>> {
        let ready = self.link.connection.load_full()?;
        let concerned: Vec<&Rule> = rules.iter().filter(|rule| rule.concerns(asked)).collect();
        if concerned.is_empty() {
            return Some(Ok(()));
        }
        let mut command = ::redis::cmd("EVALSHA");
        command.arg(&ready.script).arg(concerned.len());
        for rule in &concerned {
            command.arg(key(&self.link.prefix, rule, asked));
        }
        for rule in &concerned {
            match rule.table.pace() {
                Pace::Rate { each, ahead } => command.arg("r").arg(micros(each)).arg(micros(ahead)),
                Pace::Quota { calls, window } => command.arg("q").arg(calls).arg(micros(window)),
            };
        }
        let mut connection = ready.connection.clone();
        let answer = command.query_async::<(usize, u64)>(&mut connection);
        match tokio::time::timeout(self.link.patience, answer).await {
            Ok(Ok((0, _))) => Some(Ok(())),
            Ok(Ok((at, wait))) => {
                let rule = concerned.get(at - 1)?;
                Some(Err(Refused::new(&rule.limit, Duration::from_micros(wait))))
            }
            Ok(Err(error)) => {
                // The kind only: messages may hold keys.
                self.link.lost(&ready, error.category());
                None
            }
            Err(_) => {
                self.link.lost(&ready, "no answer in time");
                None
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.probe.abort();
    }
}

impl Link {
    /// Stops using a connection.
    fn lost(&self, used: &Arc<Ready>, why: &str) {
        let current = self.connection.load_full();
        if current.is_some_and(|current| Arc::ptr_eq(&current, used)) {
            self.connection.store(None);
            self.say(true, why);
            self.broken.notify_one();
        }
    }

    fn say(&self, degraded: bool, why: &str) {
        if self.degraded.swap(degraded, Relaxed) != degraded {
            if degraded {
                tracing::error!(
                    why,
                    "limits are degraded: Redis cannot be used, each process counts on its own"
                );
            } else {
                tracing::info!("limits are shared again");
            }
        }
        if let Some(gauge) = &*self.gauge.lock() {
            gauge.set(f64::from(u8::from(degraded)));
        }
    }

    /// Connects, and again whenever the connection is lost.
    async fn probe(&self) {
        loop {
            let mut pause = self.every;
            while !self.connect().await {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(self.every * 8);
            }
            self.broken.notified().await;
        }
    }

    async fn connect(&self) -> bool {
        let patience = self.patience.max(Duration::from_millis(100)) * 4;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let Ok(mut connection) = self.client.get_multiplexed_async_connection_with_config(&config).await
        else {
            return false;
        };
        let loaded =
            ::redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).query_async::<String>(&mut connection).await;
        let Ok(script) = loaded else { return false };
        self.connection.store(Some(Arc::new(Ready { connection, script })));
        self.say(false, "");
        true
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("degraded", &self.degraded).finish_non_exhaustive()
    }
}

/// The key of a limit and a caller. What identifies people is hashed.
fn key(prefix: &str, rule: &Rule, asked: &Asked<'_>) -> String {
    let mut text = String::with_capacity(96);
    let mut part = |value: Option<&str>| {
        // A length in front keeps parts apart; writing to a string cannot fail.
        let _ = write!(text, "{}:{}|", value.map_or(0, |value| value.len() + 1), value.unwrap_or_default());
    };
    part(Some(&rule.limit.name));
    let who = asked.principal;
    for dimension in &rule.limit.by {
        part(
            who.map(|who| who.issuer.as_str())
                .filter(|_| matches!(dimension, Dimension::Principal | Dimension::Org)),
        );
        part(match dimension {
            Dimension::Principal | Dimension::Org => who.map(|who| who.org.as_str()),
            Dimension::Tool => asked.tool,
            Dimension::Method => Some(asked.method),
        });
        part(who.map(|who| who.user.as_str()).filter(|_| *dimension == Dimension::Principal));
    }
    let digest = digest(&SHA256, text.as_bytes());
    let mut key = String::with_capacity(prefix.len() + 36);
    key.push('{');
    key.push_str(prefix);
    key.push_str("}:");
    for byte in digest.as_ref().iter().take(16) {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

#[expect(clippy::cast_precision_loss, reason = "a fraction of a nanosecond is of no account")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}
