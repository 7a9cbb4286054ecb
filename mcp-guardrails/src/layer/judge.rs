//! Decides over an event where that may block, break or take too long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[cfg(feature = "server")]
use mcp_core::service::Principal;
use serde_json::Value;

use super::Guardrails;
use super::builder::Inner;
use super::caller::Caller;
use super::observe::Activation;
use crate::event::{Event, Phase};
use crate::rule::Effect;
use crate::state::{Digest, StoreError};
use crate::{Decision, Place, Reason, Verdict};

/// Texts up to this size are decided over where the request is served: a thread of their own would cost more.
const INLINE: usize = 64 * 1024;

/// An event with its own values.
pub(super) struct Ask {
    pub(super) phase: Phase,
    pub(super) tool: String,
    pub(super) arguments: Option<Arc<Value>>,
    pub(super) result: Option<Arc<Value>>,
    pub(super) prompt: Option<String>,
    /// About how many bytes are to be read.
    pub(super) size: usize,
}

impl Ask {
    fn with<R>(&self, inner: &Inner, caller: &Caller, look: impl FnOnce(&Event<'_>) -> R) -> R {
        let roles = caller.roles();
        let mut event = about(inner, caller, Event::end()).roles(&roles);
        event.phase = self.phase;
        event.tool = &self.tool;
        event.arguments = self.arguments.as_deref();
        event.result = self.result.as_deref();
        event.prompt = self.prompt.as_deref();
        look(&event)
    }

    /// What an approval of it is for.
    pub(super) fn digest(&self, inner: &Inner, caller: &Caller) -> Digest {
        self.with(inner, caller, Digest::of)
    }
}

/// An event of this caller, now.
pub(super) fn about<'e>(inner: &'e Inner, caller: &'e Caller, event: Event<'e>) -> Event<'e> {
    let event =
        event.session(&caller.session).server(&inner.server).environment(&inner.environment).at(inner.now());
    match caller.principal.as_deref() {
        Some(who) => event.user(&who.user).tenant(&who.org).issuer(&who.issuer),
        None => event,
    }
}

/// What happens to an event.
pub(super) enum Ruling {
    /// It goes on, without what the decision wants taken out.
    Pass(Decision),
    /// It goes on, though the guard did not run.
    Unguarded,
    /// Somebody has to approve it first.
    Approve(Reason, Digest),
    /// It does not happen.
    Refuse(Reason),
}

/// Why a guard did not run.
#[derive(Debug)]
pub(super) enum Failure {
    Store(StoreError),
    Panicked,
    Late,
}

impl Failure {
    fn log(&self) {
        match self {
            Self::Store(error) => tracing::error!(error = ?error, "guardrails: the store of sessions failed"),
            Self::Panicked => tracing::error!("guardrails: deciding broke"),
            Self::Late => tracing::error!("guardrails: deciding took longer than it may"),
        }
    }
}

impl Guardrails {
    /// Does what may take long or break.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        size: usize,
        act: impl FnOnce(&Inner) -> R + Send + 'static,
    ) -> Result<R, Failure> {
        let inner = Arc::clone(&self.0);
        let act = move || catch_unwind(AssertUnwindSafe(|| act(&inner))).map_err(|_| Failure::Panicked);
        if !self.0.blocking && size <= INLINE {
            return act();
        }
        match tokio::time::timeout(self.0.deadline, tokio::task::spawn_blocking(act)).await {
            Ok(done) => done.unwrap_or(Err(Failure::Panicked)),
            Err(_) => Err(Failure::Late),
        }
    }

    /// Decides over an event, takes note of it, and tells observers.
    pub(super) async fn judge(&self, ask: &Arc<Ask>, caller: &Arc<Caller>) -> Ruling {
        let (asked, by) = (Arc::clone(ask), Arc::clone(caller));
        let checked =
            self.run(ask.size, move |inner| asked.with(inner, &by, |event| inner.guard.check(event))).await;
        let (phase, tool) = (ask.phase, &*ask.tool);
        match checked.and_then(|checked| checked.map_err(Failure::Store)) {
            Ok(checked) => {
                let (approval, decision) = (checked.approval, checked.into_decision());
                let ruling = self.rule(decision, caller, phase, tool);
                match (ruling, approval) {
                    (Ruling::Refuse(reason), Some(request)) => Ruling::Approve(reason, request.digest),
                    (ruling, _) => ruling,
                }
            }
            Err(failure) => self.failed(&failure, caller, phase, tool),
        }
    }

    /// What a guard that did not run comes to.
    pub(super) fn failed(&self, failure: &Failure, caller: &Caller, phase: Phase, tool: &str) -> Ruling {
        failure.log();
        let verdict = if self.0.fail_open { "unguarded" } else { Effect::Block.name() };
        self.tell(caller, phase, tool, &Told::guard("guard", verdict));
        if self.0.fail_open {
            return Ruling::Unguarded;
        }
        let message =
            "the guardrails did not run, so that nobody knows whether this is safe; try again later"
                .to_owned();
        Ruling::Refuse(Reason { rule: "guard".into(), message, places: Vec::new() })
    }

    /// What a decision comes to; tells observers.
    pub(super) fn rule(&self, decision: Decision, caller: &Caller, phase: Phase, tool: &str) -> Ruling {
        let gave_up = |reason: &Reason| matches!(&*reason.rule, "deadline" | "detector");
        let is_blocked = matches!(decision.verdict(), Verdict::Block(_));
        // A rule that blocks by what it did see is right, whatever it did not see.
        let is_open =
            !decision.is_complete() && (!is_blocked || decision.verdict().reason().is_some_and(gave_up));
        if is_open && self.0.fail_open {
            self.tell(caller, phase, tool, &Told::guard("guard", "unguarded"));
            return Ruling::Unguarded;
        }
        self.report(&decision, caller, phase, tool);
        if is_open && !is_blocked {
            // The engine would let it go on; whether that may be is for this layer to say.
            return self.failed(&Failure::Late, caller, phase, tool);
        }
        match decision.verdict() {
            Verdict::Block(reason) | Verdict::RequireApproval(reason) => {
                let message = self.0.clean(&reason.message);
                Ruling::Refuse(Reason { message, ..reason.clone() })
            }
            _ => Ruling::Pass(decision),
        }
    }

    /// Does something with the guard that may block; nothing where it did not run.
    #[cfg(feature = "server")]
    pub(crate) async fn guarded<R: Send + 'static>(
        &self,
        act: impl FnOnce(&crate::state::Guard) -> R + Send + 'static,
    ) -> Option<R> {
        self.run(0, move |inner| act(&inner.guard)).await.inspect_err(Failure::log).ok()
    }

    /// Tells observers of a decision that was made for somebody beside the layer.
    #[cfg(feature = "server")]
    pub(crate) fn observed(&self, decision: &Decision, who: Option<&Principal>, phase: Phase, tool: &str) {
        let principal = who.cloned().map(Arc::new);
        self.report(decision, &Caller { principal, correlation: None, session: String::new() }, phase, tool);
    }

    fn report(&self, decision: &Decision, caller: &Caller, phase: Phase, tool: &str) {
        if self.0.observers.is_empty() {
            return;
        }
        let speaker = decision.verdict().reason();
        if let Some(reason) = speaker {
            let verdict = decision.effect().name();
            let told =
                Told { rule: &reason.rule, verdict, speaks: true, shadow: false, places: &reason.places };
            self.tell(caller, phase, tool, &told);
        }
        for rule in decision.fired().filter(|rule| speaker.is_none_or(|reason| reason.rule != rule.id)) {
            let verdict = rule.effect.map_or("label", Effect::name);
            let told = Told { rule: &rule.id, verdict, speaks: false, shadow: false, places: &[] };
            self.tell(caller, phase, tool, &told);
        }
        for (rule, effect) in decision.shadow() {
            let verdict = effect.map_or("label", Effect::name);
            self.tell(caller, phase, tool, &Told { rule, verdict, speaks: false, shadow: true, places: &[] });
        }
    }

    pub(super) fn tell(&self, caller: &Caller, phase: Phase, tool: &str, told: &Told<'_>) {
        if self.0.observers.is_empty() {
            return;
        }
        // Names of tools and of members are the caller's to make up.
        let tool = self.0.clean(tool);
        let clean = |place: &Place| Place { field: self.0.clean(&place.field), span: place.span.clone() };
        let places: Vec<Place> = told.places.iter().map(clean).collect();
        let activation = Activation {
            phase,
            tool: &tool,
            principal: caller.principal.as_deref(),
            correlation: caller.correlation.as_deref(),
            rule: told.rule,
            verdict: told.verdict,
            speaks: told.speaks,
            shadow: told.shadow,
            places: &places,
        };
        self.0.observers.iter().for_each(|observer| observer.activated(&activation));
    }
}

/// What observers are told beside whom and what it is about.
pub(super) struct Told<'a> {
    pub(super) rule: &'a str,
    pub(super) verdict: &'static str,
    pub(super) speaks: bool,
    pub(super) shadow: bool,
    pub(super) places: &'a [Place],
}

impl<'a> Told<'a> {
    /// What the guard itself says, not a rule.
    pub(super) const fn guard(rule: &'a str, verdict: &'static str) -> Self {
        Self { rule, verdict, speaks: true, shadow: false, places: &[] }
    }
}
