//! Who sees what.

use std::collections::BTreeSet;
use std::fmt;

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

pub(crate) struct Visibility(Box<Allows>);

impl Visibility {
    pub(crate) fn new(allows: impl Fn(&Request, &Shown<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(allows))
    }

    pub(crate) fn allows(
        &self,
        request: &Request,
        kind: ComponentKind,
        name: &str,
        tags: &BTreeSet<String>,
    ) -> bool {
        (self.0)(request, &Shown { kind, name, tags })
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visibility")
    }
}
