//! What a server does, as clients see it.

#[cfg(all(feature = "testing", feature = "macros"))]
mod server;
