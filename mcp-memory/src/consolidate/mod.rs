//! Keeping a memory tidy without a language model: importance fades, near-duplicates and contradictions are tied together, and long
//! conversations are summed up. Nothing is lost by it: no text is changed, and nothing but an older digest is superseded.
//!
//! ```
//! use mcp_memory::consolidate::Plan;
//! use mcp_memory::{Access, Draft, Memory, Scope};
//!
//! # fn main() -> Result<(), mcp_memory::MemoryError> {
//! # let directory = std::env::temp_dir().join(format!("memory-consolidate-{}", std::process::id()));
//! let memory = Memory::open(&directory)?;
//! let ann = memory.of(Access::new("acme", "ann"));
//! ann.store(&Scope::Private, Draft::new("Backups are kept for 30 days."))?;
//! ann.store(&Scope::Private, Draft::new("Backups are kept for 90 days."))?;
//! // A dry run, as nothing else is said.
//! let would = ann.consolidate(&Scope::Private, &Plan::default())?;
//! assert_eq!(would.contradictions.map(|part| (part.found, part.done)), Some((1, 0)));
//! # drop((ann, memory));
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok(()) }
//! ```

mod alike;
mod claim;
mod contradict;
mod decay;
mod digest;
mod lists;
mod report;
mod similar;
mod tied;
mod words;

use serde::{Deserialize, Serialize};

pub use contradict::{Contradiction, Contradictions, Difference};
pub use decay::{Decay, Faded};
pub use digest::{Digested, Digests};
pub use report::{Consolidated, Part, Refused};
pub use similar::{Cluster, Similar};

use crate::audit::{About, Action};
use crate::filter::Filter;
use crate::store::read;
use crate::store::sql::Sight;
use crate::{MemoryError, Record, Scope, State, Tenant};
use tied::Ties;

/// The type and the tag of digests.
const DIGEST: &str = "digest";
/// Memories that are looked at: the newest. They are all held in memory at once.
const MOST: usize = 100_000;
/// Items of a part at most.
const LIMIT: usize = 10_000;

/// What is to be tidied, and how. A part that is none is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Plan {
    /// Only say what would be done (default: yes).
    pub dry_run: bool,
    /// Let importance fade.
    pub decay: Option<Decay>,
    /// Tie near-duplicates together.
    pub similar: Option<Similar>,
    /// Sum long conversations up.
    pub digests: Option<Digests>,
    /// Tie together what may contradict each other.
    pub contradictions: Option<Contradictions>,
    /// Changes that each part makes at most, and items that it reports.
    pub limit: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            dry_run: true,
            decay: Some(Decay::default()),
            similar: Some(Similar::default()),
            digests: Some(Digests::default()),
            contradictions: Some(Contradictions::default()),
            limit: 1_000,
        }
    }
}

impl Plan {
    fn check(&self) -> Result<(), MemoryError> {
        if !(1..=LIMIT).contains(&self.limit) {
            return Err(MemoryError::invalid("limit", format!("must be from 1 to {LIMIT}")));
        }
        self.decay.as_ref().map_or(Ok(()), Decay::check)?;
        self.similar.as_ref().map_or(Ok(()), Similar::check)?;
        self.digests.as_ref().map_or(Ok(()), Digests::check)?;
        self.contradictions.as_ref().map_or(Ok(()), Contradictions::check)
    }
}

impl Tenant {
    /// Tidies the memories of a scope that count, or says what there is to tidy. To do it again adds nothing. What the caller may not
    /// change is reported.
    ///
    /// # Errors
    /// The plan is wrong, the caller may not write there (a dry run asks for nothing but to read), or the store cannot be read or
    /// written. What was done before stays so: do it again.
    pub fn consolidate(&self, scope: &Scope, plan: &Plan) -> Result<Consolidated, MemoryError> {
        plan.check()?;
        if !plan.dry_run {
            self.check_write(scope, Action::Write, None)?;
        }
        let (records, unread) = self.counting(scope)?;
        let mut done =
            Consolidated { dry_run: plan.dry_run, memories: records.len(), unread, ..Default::default() };
        if let Some(decay) = &plan.decay {
            done.decay = Some(decay::run(self, &records, decay, plan)?);
        }
        // What a part ties is no business of another: read once.
        let ties = match (&plan.similar, &plan.contradictions) {
            (None, None) => Ties::default(),
            _ => Ties::read(self, scope)?,
        };
        if let Some(similar) = &plan.similar {
            done.similar = Some(similar::run(self, &records, &ties, similar, plan)?);
        }
        if let Some(contradictions) = &plan.contradictions {
            done.contradictions = Some(contradict::run(self, &records, &ties, contradictions, plan)?);
        }
        if let Some(digests) = &plan.digests {
            done.digests = Some(digest::run((self, scope), &records, digests, plan)?);
        }
        Ok(done)
    }

    /// The memories of a scope that count, the oldest first, and how many older ones there are. To look at them this way is no use of
    /// them: what is tidied would seem to be wanted, and would never fade.
    fn counting(&self, scope: &Scope) -> Result<(Vec<Record>, usize), MemoryError> {
        let mut ids = self.which(scope, &Filter::everything())?;
        let unread = ids.len().saturating_sub(MOST);
        ids.truncate(MOST);
        let tag = self.engine.namespace_tag(&self.access, scope);
        let rows = self.engine.reader.read(&Sight::Everything, |db| {
            let namespace = read::inside(db, &tag)?;
            let mut rows = read::by_ids(db, &ids)?;
            let rows: Vec<crate::store::Row> = ids.iter().rev().filter_map(|id| rows.remove(id)).collect();
            let counts =
                |row: &crate::store::Row| Some(row.namespace) == namespace && row.state == State::Live;
            Ok(rows.into_iter().filter(counts).collect::<Vec<_>>())
        })?;
        let records =
            rows.iter().map(|row| row.record(&self.engine.sealing)).collect::<Result<Vec<_>, _>>()?;
        self.told(
            Action::Search,
            About { scope: Some(scope.to_string()), id: None, memories: records.len() },
        )?;
        Ok((records, unread))
    }
}
