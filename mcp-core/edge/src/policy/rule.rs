//! One rule.

use mcp_core::service::Principal;

use super::condition::Condition;
use super::{Effect, Glob};

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: Box<str>,
    pub(super) effect: Effect,
    pub(super) callers: Callers,
    pub(super) tools: Box<[Glob]>,
    pub(super) prompts: Box<[Glob]>,
    pub(super) resources: Box<[Glob]>,
    pub(super) methods: Box<[Glob]>,
    pub(super) conditions: Box<[Condition]>,
}

/// Whom a rule is about. Nothing given: everybody, known or not.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) roles: Option<Box<[String]>>,
    pub(super) plans: Option<Box<[String]>>,
    pub(super) orgs: Option<Box<[String]>>,
    pub(super) scopes: Box<[String]>,
}

impl Callers {
    /// What of the caller does not fit, leaving scopes aside.
    pub(super) fn mismatch(&self, who: Option<&Principal>) -> Option<&'static str> {
        let fits = |wanted: &Option<Box<[String]>>, is: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| is.is_some_and(|is| wanted.iter().any(|name| name == "*" || name == is)))
        };
        if !fits(&self.roles, who.and_then(|who| who.role.as_deref())) {
            Some("role")
        } else if !fits(&self.plans, who.and_then(|who| who.plan.as_deref())) {
            Some("plan")
        } else if !fits(&self.orgs, who.map(|who| who.org.as_str()).filter(|org| !org.is_empty())) {
            Some("org")
        } else {
            None
        }
    }

    /// Whether the caller's credential has all scopes that are asked for.
    pub(super) fn has_scopes(&self, who: Option<&Principal>) -> bool {
        self.scopes.iter().all(|scope| who.is_some_and(|who| who.scopes.contains(scope)))
    }

    pub(super) fn are_restricted(&self) -> bool {
        self.roles.is_some() || self.plans.is_some() || self.orgs.is_some() || !self.scopes.is_empty()
    }
}

impl Rule {
    /// The pattern and operator of the first condition that does not hold.
    pub(super) fn failing(&self, call: &super::Call<'_>) -> Option<(&str, &'static str)> {
        self.conditions.iter().find_map(|condition| {
            condition.failing(call.arguments(), self.effect).map(|operator| (condition.pointer(), operator))
        })
    }
}
