//! The decision.

use mcp_core::service::Principal;

use super::call::Kind;
use super::rule::Rule;
use super::targets::Targets;
use super::{Call, Effect, uri};

/// Rules, ready to be followed.
#[derive(Debug)]
pub struct Policy {
    pub(super) rules: Box<[Rule]>,
    pub(super) default: Effect,
    pub(super) tools: Targets,
    pub(super) prompts: Targets,
    pub(super) resources: Targets,
    pub(super) methods: Targets,
    /// Whether callers are told apart.
    pub(super) varies: bool,
}

/// What a policy says to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It may go on.
    Allow {
        /// The rule that says so; none where it is the default.
        rule: Option<&'a str>,
    },
    /// It may not.
    Deny {
        /// The rule that says so; none where no rule allows it.
        rule: Option<&'a str>,
    },
    /// It might, with a credential that has more scopes.
    MissingScope {
        /// The rule that would allow it.
        rule: &'a str,
        /// All scopes that the rule asks for.
        scopes: &'a [String],
    },
}

impl<'a> Verdict<'a> {
    /// Whether the call may go on.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// The rule that decided.
    #[must_use]
    pub const fn rule(&self) -> Option<&'a str> {
        match self {
            Self::Allow { rule } | Self::Deny { rule } => *rule,
            Self::MissingScope { rule, .. } => Some(rule),
        }
    }
}

impl Policy {
    /// Decides on a call. Pure; takes no lock, does no I/O and cannot fail.
    #[must_use]
    pub fn decide(&self, who: Option<&Principal>, call: &Call<'_>) -> Verdict<'_> {
        let (mut allowed, mut scope) = (None, None);
        // A URI that can be read in two ways is nobody's but that of a rule that spells it out, and may be
        // what any rule denies.
        let odd = call.kind == Kind::Resource && !uri::is_canonical(call.name);
        let by_method = self.methods.matching(call.method);
        let by_name = self.of(call.kind).into_iter().flat_map(|targets| targets.matching(call.name));
        for rule in by_name.chain(by_method).filter_map(|index| self.rules.get(index)) {
            if rule.effect == Effect::Allow && (allowed.is_some() || odd) {
                continue;
            }
            self.weigh(rule, who, call, &mut allowed, &mut scope);
            if let Some(denied) = allowed.filter(|rule: &&Rule| rule.effect == Effect::Deny) {
                return Verdict::Deny { rule: Some(&denied.id) };
            }
        }
        if odd && allowed.is_none() {
            for rule in self.resources.exactly(call.name).filter_map(|index| self.rules.get(index)) {
                self.weigh(rule, who, call, &mut allowed, &mut scope);
            }
            let denies = |rule: &&Rule| {
                rule.effect == Effect::Deny
                    && !rule.resources.is_empty()
                    && rule.callers.mismatch(who).is_none()
            };
            if let Some(denied) = self.rules.iter().find(denies) {
                return Verdict::Deny { rule: Some(&denied.id) };
            }
        }
        match (allowed, scope) {
            (Some(rule), _) => Verdict::Allow { rule: Some(&rule.id) },
            (None, Some(rule)) => Verdict::MissingScope { rule: &rule.id, scopes: &rule.callers.scopes },
            (None, None) if self.default == Effect::Allow || !call.is_guarded() => {
                Verdict::Allow { rule: None }
            }
            (None, None) => Verdict::Deny { rule: None },
        }
    }

    /// Takes one rule into account: `decided` becomes the rule if it applies.
    fn weigh<'a>(
        &self,
        rule: &'a Rule,
        who: Option<&Principal>,
        call: &Call<'_>,
        decided: &mut Option<&'a Rule>,
        scope: &mut Option<&'a Rule>,
    ) {
        if rule.callers.mismatch(who).is_some() || rule.failing(call).is_some() {
            return;
        }
        if rule.callers.has_scopes(who) {
            *decided = Some(rule);
        } else {
            scope.get_or_insert(rule);
        }
    }

    /// Whether a caller sees a component in lists: some arguments would be allowed.
    #[must_use]
    pub(super) fn shows(&self, who: Option<&Principal>, kind: Kind, method: &str, name: &str) -> bool {
        let mut allowed = self.default == Effect::Allow;
        let by_name = self.of(kind).into_iter().flat_map(|targets| targets.matching(name));
        for rule in by_name.chain(self.methods.matching(method)).filter_map(|index| self.rules.get(index)) {
            if rule.callers.mismatch(who).is_some() || !rule.callers.has_scopes(who) {
                continue;
            }
            match rule.effect {
                Effect::Allow => allowed = true,
                Effect::Deny if rule.conditions.is_empty() => return false,
                Effect::Deny => {}
            }
        }
        allowed
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules: then the default is all there is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    const fn of(&self, kind: Kind) -> Option<&Targets> {
        match kind {
            Kind::Tool => Some(&self.tools),
            Kind::Prompt => Some(&self.prompts),
            Kind::Resource | Kind::Template => Some(&self.resources),
            Kind::Method => None,
        }
    }
}
