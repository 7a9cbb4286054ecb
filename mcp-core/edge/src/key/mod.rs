//! API keys of many processes, in one database.

mod postgres;

pub use postgres::PostgresApiKeys;
