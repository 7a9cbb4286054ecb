//! Who is erased is gone, also while others write, and for all who have the memory open.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use super::place;
use crate::children::child_that_waits;
use crate::erase::until_final;
use crate::support::{found, open, store, user};

#[test]
fn who_writes_while_somebody_is_erased_uses_no_destroyed_key() {
    let directory = place();
    let (one, two) = (open(&directory), open(&directory));
    let ann = user(&two, "acme", "ann");
    for round in 0..20 {
        store(&ann, &format!("before {round}"));
        let receipt = one.erase("acme", "ann").unwrap();
        assert_eq!(receipt.memories, 2 - usize::from(round == 0));
        store(&ann, &format!("after {round}"));
        assert_eq!(found(&user(&one, "acme", "ann"), "after before"), [format!("after {round}")]);
        until_final(&one, &receipt);
    }
}

#[test]
fn a_receipt_is_final_when_the_other_process_has_forgotten_or_is_dead() {
    let directory = place();
    let memory = open(&directory);
    for end in ["CONT", "KILL"] {
        let mut other = child_that_waits(&directory);
        let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("stored")));
        let signal = |name: &str| {
            let done = Command::new("kill").args([format!("-{name}"), other.id().to_string()]).status();
            assert!(done.unwrap().success());
        };
        signal("STOP");
        let receipt = memory.erase("acme", "bob").unwrap();
        assert_eq!(memory.receipt(&receipt).unwrap().pending, 1);
        signal(end);
        until_final(&memory, &receipt);
        other.kill().unwrap();
        other.wait().unwrap();
        // Until it is known to be dead.
        until_final(&memory, &memory.erase("acme", "nobody").unwrap());
    }
}
