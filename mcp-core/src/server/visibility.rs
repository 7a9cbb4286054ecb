//! Who sees what.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::catalog::ComponentKind;
use crate::service::Request;

/// A component, as a decision about its visibility sees it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shown<'a> {
    /// What kind of component.
    pub kind: ComponentKind,
    /// Its name, URI or URI template.
    pub name: &'a str,
    /// Its tags.
    pub tags: &'a BTreeSet<String>,
}

type Allows = dyn Fn(&Request, &Shown<'_>) -> bool + Send + Sync;

/// All rules have to allow it.
pub(crate) struct Visibility(Vec<Arc<Allows>>);

impl Visibility {
    /// One more rule, after those that there are.
    pub(crate) fn and(
        before: Option<&Self>,
        allows: impl Fn(&Request, &Shown<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let mut rules = before.map_or_else(Vec::new, |before| before.0.clone());
        rules.push(Arc::new(allows));
        Self(rules)
    }

    pub(crate) fn allows(
        &self,
        request: &Request,
        kind: ComponentKind,
        name: &str,
        tags: &BTreeSet<String>,
    ) -> bool {
        self.0.iter().all(|allows| allows(request, &Shown { kind, name, tags }))
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visibility")
    }
}
