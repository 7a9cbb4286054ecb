//! Settings, and the handle that operators hold.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcp_core::service::Request;
use parking_lot::Mutex;

use super::approve::NotPending;
use super::observe::Observer;
use super::pinning::{PinMode, PinState, Unpinned};
use super::service::GuardrailsLayer;
use crate::detect::Secrets;
use crate::detect::redact::Redactor;
use crate::pin::Pins;
use crate::state::{Digest, Guard, MemoryStore, Pending, Store, StoreError};
use crate::{Engine, MASK};

type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;
type SessionName = Arc<dyn Fn(&Request) -> Option<String> + Send + Sync>;

/// Guardrails of a service. Clones are the same.
#[derive(Clone)]
pub struct Guardrails(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) guard: Guard,
    pub(super) server: String,
    pub(super) environment: String,
    pub(super) mask: String,
    pub(super) fail_open: bool,
    pub(super) blocking: bool,
    pub(super) deadline: Duration,
    /// How long an approval is good for, and how long a person may take to give it.
    pub(super) approval: Duration,
    pub(super) observers: Vec<Arc<dyn Observer>>,
    pub(super) session: Option<SessionName>,
    clock: Clock,
    pub(super) pins: Mutex<PinState>,
    pub(super) pin_mode: PinMode,
    /// Takes secrets out of what is told.
    pub(super) secrets: Redactor,
}

impl Inner {
    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// A text without what looks like a secret.
    pub(super) fn clean(&self, text: &str) -> String {
        self.secrets.redact(text).text
    }
}

/// Makes [`Guardrails`].
#[must_use = "a builder does nothing until it builds"]
pub struct GuardrailsBuilder {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    blocking: bool,
    server: String,
    environment: String,
    mask: String,
    fail_open: bool,
    deadline: Duration,
    approval: Duration,
    observers: Vec<Arc<dyn Observer>>,
    session: Option<SessionName>,
    clock: Clock,
    pins: (PinMode, Pins),
}

impl Guardrails {
    /// Guardrails with these rules. Until more is said they remember in memory and refuse what they cannot decide.
    pub fn builder(engine: impl Into<Arc<Engine>>) -> GuardrailsBuilder {
        let clock = || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        };
        GuardrailsBuilder {
            engine: engine.into(),
            store: Arc::new(MemoryStore::default()),
            blocking: false,
            server: String::new(),
            environment: String::new(),
            mask: MASK.to_owned(),
            fail_open: false,
            deadline: Duration::from_secs(1),
            approval: Duration::from_secs(600),
            observers: Vec::new(),
            session: None,
            clock: Arc::new(clock),
            pins: (PinMode::Off, Pins::default()),
        }
    }

    /// The layer, to be put before a service.
    #[must_use]
    pub fn layer(&self) -> GuardrailsLayer {
        GuardrailsLayer::new(self.clone())
    }

    /// The rules; [`Engine::replace`] changes them while calls run.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        self.0.guard.engine()
    }

    #[cfg(feature = "server")]
    pub(crate) fn clean(&self, text: &str) -> String {
        self.0.clean(text)
    }

    /// What waits for somebody to approve it, oldest first: calls of all processes that share the store, which this asks and waits for.
    ///
    /// # Errors
    /// The store failed.
    pub fn pending(&self) -> Result<Vec<Pending>, StoreError> {
        self.0.guard.pending(self.0.now())
    }

    /// Approves a call that waits, in whichever process: once, with the same arguments and by the same caller, and not for long.
    ///
    /// # Errors
    /// Nothing of that name waits, or the store failed.
    pub fn approve(&self, digest: Digest) -> Result<(), NotPending> {
        match self.0.guard.approve_pending(digest, self.0.now(), self.0.approval) {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotPending::Unknown { digest }),
            Err(error) => Err(NotPending::Store(error)),
        }
    }

    /// The tools that are not as they were approved, and what of them changed.
    #[must_use]
    pub fn unpinned(&self) -> Vec<Unpinned> {
        self.0.pins.lock().unpinned()
    }

    /// Takes the definition of a tool, as it was last listed, for approved; tells whether there was one that was not.
    #[must_use]
    pub fn approve_tool(&self, tool: &str) -> bool {
        self.0.pins.lock().approve(&self.0.server, tool)
    }

    /// The definitions that are approved, to be kept.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.0.pins.lock().pins.clone()
    }
}

impl GuardrailsBuilder {
    /// Where sessions and approvals are kept. What a store takes to answer is waited for on another thread, and not longer than the deadline.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        (self.store, self.blocking) = (store, true);
        self
    }

    /// What rules call the service.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = server.into();
        self
    }

    /// Where it runs, e.g. `production`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = environment.into();
        self
    }

    /// What stands instead of what was taken out.
    pub fn mask(mut self, mask: impl Into<String>) -> Self {
        self.mask = mask.into();
        self
    }

    /// Lets go on what could not be decided: a store that failed, a detector that broke, a deadline that passed. Observers hear of it as `unguarded`.
    pub const fn fail_open(mut self) -> Self {
        self.fail_open = true;
        self
    }

    /// How long deciding may take where it may block: with a store of one's own, and over long texts.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long a person may take to approve a call, and for how long an approval is good (default: ten minutes).
    pub const fn approval(mut self, valid: Duration) -> Self {
        self.approval = valid;
        self
    }

    /// Lets somebody hear of rules that apply.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Tells which session of its caller a request belongs to. Without it that is the session of the transport; since 2026-07-28 there is none,
    /// and all requests of a caller are one session.
    pub fn session(mut self, name: impl Fn(&Request) -> Option<String> + Send + Sync + 'static) -> Self {
        self.session = Some(Arc::new(name));
        self
    }

    /// What time it is, in milliseconds since 1970.
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The tools as they were approved, and what happens to others.
    pub fn pins(mut self, mode: PinMode, pins: Pins) -> Self {
        self.pins = (mode, pins);
        self
    }

    /// The guardrails.
    #[must_use]
    pub fn build(self) -> Guardrails {
        let (pin_mode, pins) = self.pins;
        Guardrails(Arc::new(Inner {
            guard: Guard::new(self.engine, self.store),
            server: self.server,
            environment: self.environment,
            mask: self.mask,
            fail_open: self.fail_open,
            blocking: self.blocking,
            deadline: self.deadline,
            approval: self.approval,
            observers: self.observers,
            session: self.session,
            clock: self.clock,
            pins: Mutex::new(PinState::new(pins)),
            pin_mode,
            secrets: Redactor::new(vec![Arc::new(Secrets::default())]),
        }))
    }
}

impl fmt::Debug for Guardrails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guardrails").field("engine", self.engine()).finish_non_exhaustive()
    }
}

impl fmt::Debug for GuardrailsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardrailsBuilder").field("engine", &self.engine).finish_non_exhaustive()
    }
}
