//! Documents become memories: files, directories, chats.
//!
//! ```
//! use mcp_memory::ingest::Ingest;
//! use mcp_memory::{Access, Memory, Scope, Search};
//!
//! # fn main() -> Result<(), mcp_memory::MemoryError> {
//! # let directory = std::env::temp_dir().join(format!("memory-ingest-doc-{}", std::process::id()));
//! let memory = Memory::open(&directory)?;
//! let ann = memory.of(Access::new("acme", "ann"));
//! let ingest = Ingest::new(&ann, Scope::Private).tag("manual");
//! let report = ingest.bytes("guide.md", b"# Guide\n## Install\nRun the installer twice.\n")?;
//! assert_eq!((report.files, report.memories), (1, 1));
//! let found = ann.search(&Search::new("installer"))?;
//! assert_eq!(found.hits[0].record.content, "Guide > Install\n\nRun the installer twice.");
//! // What did not change is not stored again.
//! assert_eq!(ingest.bytes("guide.md", b"# Guide\n## Install\nRun the installer twice.\n")?.unchanged, 1);
//! # drop((ann, memory));
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok(()) }
//! ```
//!
//! | format | known by | memories |
//! |---|---|---|
//! | Markdown, HTML, DOCX, EPUB | extension, content | sections under their headings; tables with their header |
//! | PDF | extension, content | pages |
//! | plain text | anything else that is text | paragraphs |
//! | CSV | `.csv`, `.tsv` | rows as `column: value` |
//! | JSON, JSONL | extension, content | values with the way to them |
//! | source code | extension | items by their names |
//! | Claude Code sessions, ChatGPT exports | content of JSONL, JSON | what was said, by whom and when |
//!
//! A document that is damaged, too large or made to harm is skipped and reported, and the others are read.

mod chat;
mod chunk;
mod code;
mod csv;
mod cut;
mod decode;
mod document;
mod docx;
mod epub;
mod error;
mod format;
mod html;
mod json;
mod markdown;
mod package;
mod pdf;
mod report;
mod run;
mod state;
mod walk;
#[cfg(feature = "watch")]
mod watch;
mod xml;

pub use chunk::Chunk;
pub use document::{Document, Section, Shape, Turn};
pub use error::IngestError;
pub use format::read;
pub use report::{Progress, Report, Skipped, Withheld};
pub use run::Ingest;
