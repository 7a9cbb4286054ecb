//! Another model: vectors of two are never compared, and new ones are made while others read and write.

use std::time::{Duration, Instant};

use mcp_memory::embed::{EmbedError, Embedder};
use mcp_memory::{Draft, Edit, Memory, MemoryError, Scope};

use super::place;
use crate::support::{Opens as _, Place, found, open, store, user};

/// Whether a text is long: other numbers for the same texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths(pub(crate) usize);

impl Embedder for Lengths {
    fn id(&self) -> &str {
        "lengths"
    }

    fn dimension(&self) -> usize {
        26
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.len() > self.0 {
            return Err(EmbedError("the model is not there".into()));
        }
        let of = |text: &&str| (0..26).map(|at| f32::from(u8::from(at == text.len() % 26))).collect();
        Ok(texts.iter().map(of).collect())
    }
}

fn other(directory: &Place, most: usize) -> Memory {
    directory.builder().embedder(Lengths(most)).open().unwrap()
}

#[test]
fn vectors_of_another_model_count_for_nothing_until_they_are_made_anew() {
    let directory = place();
    {
        let memory = open(&directory);
        for name in ["ann", "bob"] {
            let texts =
                (0..300).map(|number| Draft::new(format!("{name} {number} {}", "x".repeat(number % 20))));
            user(&memory, "acme", name).store_all(&Scope::Private, texts.collect()).unwrap();
        }
        assert_eq!(memory.without_vector().unwrap(), 0);
    }
    let memory = other(&directory, 1_000);
    let ann = user(&memory, "acme", "ann");
    let by_vector = |tenant: &mcp_memory::Tenant| {
        let search = mcp_memory::Search::new("no word of it").ranking(mcp_memory::Ranking::alone(1.0));
        tenant.search(&search).unwrap().hits.len()
    };
    assert_eq!((memory.without_vector().unwrap(), by_vector(&ann)), (600, 0));
    assert!(found(&ann, "17").iter().any(|text| text.contains("17")));
    // What is stored meanwhile has a vector of the new one; what is changed too.
    let new = store(&ann, "stored later");
    let mut seen = Vec::new();
    let done = memory
        .reembed(|embedded| {
            seen.push(*embedded);
            let mut edit = Edit::default();
            edit.content = Some(format!("changed {}", embedded.done));
            ann.update(&new, edit).unwrap();
        })
        .unwrap();
    assert_eq!((done.done, done.left), (600, 0));
    assert_eq!(seen.iter().map(|embedded| embedded.left).collect::<Vec<_>>(), [472, 344, 216, 88, 0]);
    assert_eq!((memory.without_vector().unwrap(), by_vector(&ann)), (0, 10));
    assert_eq!(memory.reembed(|_| ()).unwrap().done, 0);
    drop((ann, memory));
    // Back again: nothing is left of the first.
    let memory = open(&directory);
    assert_eq!((memory.without_vector().unwrap(), by_vector(&user(&memory, "acme", "ann"))), (601, 0));
    let without = directory.builder().without_embedder().open().unwrap();
    assert!(matches!(without.reembed(|_| ()), Err(MemoryError::Invalid { field: "embedder", .. })));
}

#[test]
fn it_happens_in_the_background_and_goes_on_where_it_failed() {
    let directory = place();
    {
        let memory = open(&directory);
        let texts = (0..500).map(|number| Draft::new(format!("text {number}")));
        user(&memory, "acme", "ann").store_all(&Scope::Private, texts.collect()).unwrap();
    }
    // Batches are too large for this one.
    let memory = other(&directory, 100);
    let failed = memory.reembed(|_| ()).unwrap_err();
    assert_eq!(failed.to_string(), "embedding: texts cannot be embedded");
    assert_eq!(memory.without_vector().unwrap(), 500);
    drop(memory);
    let memory = directory.builder().embedder(Lengths(1_000)).reembed_in_background().open().unwrap();
    let started = Instant::now();
    while memory.without_vector().unwrap() > 0 {
        assert!(started.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
    assert_eq!(found(&user(&memory, "acme", "ann"), "text 17")[0], "text 17");
}
