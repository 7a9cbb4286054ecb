//! What a search may find.
