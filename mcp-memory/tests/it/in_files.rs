//! What is true wherever a memory is: here, in files.

#[path = "both/mod.rs"]
pub(crate) mod both;

use crate::support::Place;

fn place() -> Place {
    Place::in_files()
}
