//! What the fuzz targets share: a server that reaches most of the code, a clock that never waits, and readers of what
//! comes back.

mod answer;
mod clock;
mod events;
mod requests;
mod server;

pub use answer::{check_error, check_frame};
pub use clock::run;
pub use events::{SseEvent, read_events};
pub use requests::{Exchange, parse, send, texts};
pub use server::{KEY, server};
