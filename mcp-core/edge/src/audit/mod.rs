//! A log that shows what was done to it.
//!
//! Every call is an entry, refused ones too. Entries are chained: each holds the hash of the one before, so that one changed,
//! removed or reordered byte breaks the chain from there on. With a key the hashes are HMACs, and nobody without it can make a
//! chain of their own. Where the log keeps a checkpoint (a folder does), entries missing at its end are noticed too.
//!
//! An entry is handed to the operating system or the database before the answer leaves. It is on the disk within 50 ms; a strict log
//! waits for that. Arguments are not written, but their digest, and what a [`Redaction`] lets through.
//!
//! Retention takes the content of old entries away and leaves their place in the chain, and is an entry itself.
//!
//! ```
//! use std::time::Duration;
//! use mcp_edge::CallRecord;
//! use mcp_edge::audit::{Audit, verify_folder};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("audit-{}", std::process::id()));
//! let log = Audit::folder(&folder).open()?;
//! log.append(&CallRecord::new(Duration::from_secs(1_800_000_000), "tools/call")).await?;
//! drop(log);
//! assert_eq!(verify_folder(&folder, None)?.entries, 1);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

mod chain;
mod entry;
mod error;
mod export;
mod folder;
mod front;
mod log;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod redact;
mod retention;
mod sealer;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod verify;

pub use chain::{ChainKey, Head};
pub use error::{AuditError, StoreError, VerifyError};
pub use export::ExportFormat;
pub use log::{Appended, AuditLog, RefusedLogin};
pub use open::Audit;
#[cfg(feature = "postgres")]
pub use postgres::postgres_schema;
pub use redact::{Redaction, RedactionError};
pub use retention::{Retained, Retention};
pub use store::{Entry, Store, Sync};
pub use verify::{Report, verify_folder};
