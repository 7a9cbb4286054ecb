//! Components that come from elsewhere: another server, an OpenAPI document.

mod asking;
#[cfg(all(feature = "http-client", feature = "http-server"))]
mod openapi;
mod proxy;
