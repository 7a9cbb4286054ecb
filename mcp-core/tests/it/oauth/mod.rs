//! The OAuth client against scripted servers on real sockets.

mod discovery;
mod dpop;
pub(crate) mod host;
mod life;
mod migration;
mod people;
mod scopes;
mod secrets;
mod unattended;
mod world;
