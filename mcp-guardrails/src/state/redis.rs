//! Sessions and approvals in Redis, for processes on several machines.

use std::fmt;
use std::time::Duration;

use ::redis::{Client, Cmd, Connection, FromRedisValue, RedisError, cmd};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::pending::{MOST, sorted};
use super::{Digest, Pending, Session, Store, StoreError};

/// Writes a session if it is still what was read; the empty text is one that is not there.
const SWAP: &str = r"
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";
/// Keeps a call that waits; the one that would have waited longest makes room. Each value begins with the time until which it waits.
const WAIT: &str = r"
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) then
  local all, oldest, least = redis.call('HGETALL', KEYS[1]), nil, nil
  for at = 1, #all, 2 do
    local time = tonumber(string.match(all[at + 1], '^%d+')) or 0
    if not least or time < least then oldest, least = all[at], time end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
return 1
";
/// How often a session is read again because another process wrote it meanwhile.
const TRIES: usize = 64;
/// Connections that wait for their next use.
const IDLE: usize = 16;

/// Keeps sessions and approvals in Redis (6.2 or later). Changes of a session that meet are made one after another: whoever comes second
/// reads what the first has written.
pub struct RedisStore {
    client: Client,
    prefix: String,
    patience: Duration,
    kept: Duration,
    idle: Mutex<Vec<Connection>>,
}

fn failed(doing: &'static str) -> impl Fn(RedisError) -> StoreError {
    // The kind only: messages may hold keys and what stands under them.
    move |error| StoreError::new(doing, format!("redis: {}", error.category()))
}

impl RedisStore {
    /// Keeps them at `redis://[user:password@]host[:port][/database]`, under keys that begin with a text. Nothing is connected yet.
    ///
    /// # Errors
    /// The URL is none of Redis.
    pub fn new(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(|_| {
            StoreError::new("opened", "the URL of Redis must look like `redis://host:6379/0`")
        })?;
        Ok(Self {
            client,
            prefix: prefix.into(),
            patience: Duration::from_millis(500),
            kept: Duration::from_secs(7 * 24 * 3600),
            idle: Mutex::default(),
        })
    }

    /// How long an answer is waited for (default: half a second).
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long sessions that nobody uses, and approvals that nobody takes, are kept (default: seven days).
    #[must_use]
    pub const fn kept(mut self, kept: Duration) -> Self {
        self.kept = kept;
        self
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.kept.as_millis()).unwrap_or(u64::MAX / 2).max(1)
    }

    /// The key of a session. Names are of any length and hold who people are: their digest is enough.
    fn session_key(&self, session: &str) -> String {
        let digest: [u8; 32] = Sha256::digest(session).into();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}:session:{digest}", self.prefix)
    }

    fn approval_key(&self, digest: Digest) -> String {
        format!("{}:approval:{digest}", self.prefix)
    }

    fn waiting_key(&self) -> String {
        format!("{}:waiting", self.prefix)
    }

    fn connect(&self) -> Result<Connection, RedisError> {
        let connection = self.client.get_connection_with_timeout(self.patience)?;
        connection.set_read_timeout(Some(self.patience))?;
        connection.set_write_timeout(Some(self.patience))?;
        Ok(connection)
    }

    /// Asks what may be asked twice, on a connection that waited or, where that one broke, on a new one; and then acts on it.
    fn with<A: FromRedisValue, T>(
        &self,
        first: &Cmd,
        act: impl FnOnce(&mut Connection, A) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let waiting = self.idle.lock().pop();
        let asked = waiting.and_then(|mut connection| {
            let answer = first.query::<A>(&mut connection).ok()?;
            Some((connection, answer))
        });
        let (mut connection, answer) = match asked {
            Some(asked) => asked,
            None => {
                let mut connection = self.connect()?;
                let answer = first.query::<A>(&mut connection)?;
                (connection, answer)
            }
        };
        let done = act(&mut connection, answer)?;
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(done)
    }

    /// Tries to change a session once: whether nobody was quicker.
    fn attempt(&self, key: &str, change: &mut dyn FnMut(&mut Session)) -> Result<bool, StoreError> {
        let mut get = cmd("GET");
        get.arg(key);
        let mut unreadable = None;
        let done = self.with(&get, |connection, known: Option<String>| {
            let known = known.unwrap_or_default();
            let read = if known.is_empty() { Ok(Session::default()) } else { serde_json::from_str(&known) };
            let text = read.and_then(|mut session: Session| {
                change(&mut session);
                serde_json::to_string(&session)
            });
            match text {
                Ok(text) if text == known => Ok(true),
                Ok(text) => {
                    let mut swap = cmd("EVAL");
                    swap.arg(SWAP).arg(1).arg(key).arg(known).arg(text).arg(self.milliseconds());
                    swap.query(connection)
                }
                Err(error) => {
                    unreadable = Some(error);
                    Ok(true)
                }
            }
        });
        let done = done.map_err(failed("changed"))?;
        unreadable.map_or(Ok(done), |error| Err(StoreError::new("changed", error)))
    }
}

/// What stands after the time.
fn read_waiting(text: &str) -> Result<Pending, StoreError> {
    let (_, call) = text.split_once(' ').unwrap_or_default();
    serde_json::from_str(call).map_err(|error| StoreError::new("listed", error))
}

impl Store for RedisStore {
    fn update(&self, session: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        let key = self.session_key(session);
        for _ in 0..TRIES {
            if self.attempt(&key, change)? {
                return Ok(());
            }
        }
        Err(StoreError::new("changed", "too many processes change the session at once"))
    }

    fn forget(&self, session: &str) -> Result<(), StoreError> {
        let mut forget = cmd("DEL");
        forget.arg(self.session_key(session));
        self.with(&forget, |_, _: u64| Ok(())).map_err(failed("forgotten"))
    }

    fn grant(&self, digest: Digest, until: u64) -> Result<(), StoreError> {
        let mut grant = cmd("SET");
        grant.arg(self.approval_key(digest)).arg(until).arg("PX").arg(self.milliseconds());
        self.with(&grant, |_, _: String| Ok(())).map_err(failed("approved"))
    }

    fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        // Asked whether it is there first: taking it is nothing that may be done twice.
        let (key, mut there) = (self.approval_key(digest), cmd("EXISTS"));
        there.arg(&key);
        let until = self.with(&there, |connection, there: bool| {
            if there { cmd("GETDEL").arg(&key).query::<Option<u64>>(connection) } else { Ok(None) }
        });
        Ok(until.map_err(failed("approved"))?.is_some_and(|until| now < until))
    }

    fn wait(&self, pending: &Pending) -> Result<(), StoreError> {
        let call = serde_json::to_string(pending).map_err(|error| StoreError::new("made wait", error))?;
        let mut wait = cmd("EVAL");
        wait.arg(WAIT).arg(1).arg(self.waiting_key()).arg(pending.digest.to_string());
        wait.arg(format!("{} {call}", pending.until)).arg(MOST).arg(self.milliseconds());
        // The same call twice is one that waits.
        self.with(&wait, |_, _: u64| Ok(())).map_err(failed("made wait"))
    }

    fn waiting(&self, now: u64) -> Result<Vec<Pending>, StoreError> {
        let mut all = cmd("HVALS");
        all.arg(self.waiting_key());
        let calls = self.with(&all, |_, calls: Vec<String>| Ok(calls)).map_err(failed("listed"))?;
        let read: Result<Vec<Pending>, _> = calls.iter().map(|call| read_waiting(call)).collect();
        Ok(sorted(read?.into_iter(), now))
    }

    fn settle(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        let (key, mut there) = (self.waiting_key(), cmd("HGET"));
        there.arg(&key).arg(digest.to_string());
        let taken = self.with(&there, |connection, call: Option<String>| {
            let Some(call) = call else { return Ok(None) };
            // Of several who ask at once it is removed by one.
            let removed: u64 = cmd("HDEL").arg(&key).arg(digest.to_string()).query(connection)?;
            Ok((removed == 1).then_some(call))
        });
        let taken = taken.map_err(failed("settled"))?;
        Ok(taken.map(|call| read_waiting(&call)).transpose()?.is_some_and(|pending| now < pending.until))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
