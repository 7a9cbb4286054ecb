//! What is true wherever a memory is: here, in PostgreSQL, each test in a schema of its own.

#[path = "both/mod.rs"]
pub(crate) mod both;

use crate::support::Place;

fn place() -> Place {
    Place::in_postgres()
}
