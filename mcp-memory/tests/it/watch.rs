//! A directory that is kept up with.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use mcp_memory::Scope;
use mcp_memory::ingest::Ingest;

use crate::support::{found, open, user};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_changes_is_remembered_until_it_is_told_to_stop() {
    let (store, docs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = open(store.path());
    let ann = user(&memory, "acme", "ann");
    fs::write(docs.path().join("a.txt"), "Before.").unwrap();
    let ingest = Ingest::new(&ann, Scope::Private);
    let stop = AtomicBool::new(false);
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            ingest.watch(docs.path(), &stop, move |report| {
                // Nobody listens once the test has failed.
                drop(tell.send(report));
            })
        });
        // Should anything fail: a scope waits for its threads.
        let stopping = Stop(&stop);
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap().memories, 1);
        fs::create_dir(docs.path().join("sub")).unwrap();
        fs::write(docs.path().join("sub/b.txt"), "After.").unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap().memories, 1);
        assert_eq!(found(&ann, "after"), ["After.", "Before."]);
        fs::remove_file(docs.path().join("a.txt")).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap().removed, 1);
        assert_eq!(found(&ann, "after"), ["After."]);
        fs::write(docs.path().join("c.pdf"), "broken").unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap().skipped.len(), 1);
        drop(stopping);
        watching.join().unwrap().unwrap();
    });
    assert!(ingest.watch("no such directory", &stop, |_| {}).is_err());
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
