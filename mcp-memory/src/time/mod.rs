//! Phrases like "last week" to ranges of time.
