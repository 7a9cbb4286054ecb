//! Where redacted values are kept for those who may see them again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Kind;

/// Keeps values of a session. What it gives out is written into texts, so it must not say anything of the value.
pub trait Vault: Send + Sync {
    /// Keeps a value and gives its name, of the form `kind:number`; the same one for the same value.
    fn keep(&self, kind: Kind, value: &str) -> String;

    /// The value of a name.
    fn value(&self, name: &str) -> Option<String>;
}

/// A vault in memory that lasts as long as the session.
#[derive(Default)]
pub struct SessionVault(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    names: HashMap<(Kind, String), String>,
    values: HashMap<String, String>,
}

impl Vault for SessionVault {
    fn keep(&self, kind: Kind, value: &str) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = kept.names.get(&(kind, value.to_owned())) {
            return name.clone();
        }
        let name = format!("{kind}:{}", kept.values.len() + 1);
        kept.names.insert((kind, value.to_owned()), name.clone());
        kept.values.insert(name.clone(), value.to_owned());
        name
    }

    fn value(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values.get(name).cloned()
    }
}

impl fmt::Debug for SessionVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionVault").finish_non_exhaustive()
    }
}
