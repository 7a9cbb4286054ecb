//! Whose rows a transaction sees, in a database that guards them.

/// What a transaction sees of what tenants stored. PostgreSQL holds it to that by row-level security: what it does not see it can neither
/// read nor change, whatever is asked of it. A file has no such guard, and takes no notice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Nobody's: how each transaction begins.
    #[default]
    Nothing,
    /// Everybody's: to tend the whole, to find out who may see what, and to remove what hangs on something that is removed.
    Everything,
    /// Some namespaces, and what one subject has stored in all.
    Of {
        /// The numbers of the namespaces.
        namespaces: Vec<i64>,
        /// The subject.
        subject: Option<[u8; 16]>,
    },
}

impl Sight {
    /// A namespace alone.
    pub(crate) fn of(namespace: i64) -> Self {
        Self::of_each([namespace])
    }

    /// Several namespaces.
    pub(crate) fn of_each(namespaces: impl IntoIterator<Item = i64>) -> Self {
        Self::Of { namespaces: namespaces.into_iter().collect(), subject: None }
    }

    /// How much a subject has stored, too.
    pub(crate) fn with(mut self, who: [u8; 16]) -> Self {
        if let Self::Of { subject, .. } = &mut self {
            *subject = Some(who);
        }
        self
    }
}
