//! Several processes with one file, some of which die.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use mcp_patterns::learn::Learner;

use crate::support::{ask, learning, settings, teach};

const TASK: &str = "plan the review of the service";
const WANTED: &str = "skill:incident-review";
const FILE: &str = "MCP_PATTERNS_TEST_FILE";

/// Not a test by itself: the other process. Says how many answers are committed, each time.
#[test]
fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let recommender = learning(Learner::open(file, settings()).unwrap());
    for at in 1.. {
        teach(&recommender, "acme", TASK, WANTED, 1);
        writeln!(std::io::stderr(), "committed {at}").unwrap();
    }
}

fn spawn(file: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the child has committed so many answers. Returns how many it said.
fn until(child: &mut Child, many: usize) -> usize {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let committed =
        lines.by_ref().map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
    committed.into_iter().find(|committed: &usize| *committed >= many).unwrap()
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    let mut all = 0;
    for round in 1..=4 {
        let mut child = spawn(&file);
        let said = until(&mut child, round * 7);
        child.kill().unwrap();
        child.wait().unwrap();
        all += said;
        let recommender = learning(Learner::open(&file, settings()).unwrap());
        let stats = recommender.learned().unwrap().stats("acme").unwrap();
        let answers = (stats.accepted + stats.rejected) as usize;
        assert!(answers >= all, "{answers} of {all}");
        all = answers;
        assert_eq!(ask(&recommender, "acme", TASK).picks[0].entry.id, WANTED);
        assert_eq!(ask(&recommender, "beta", TASK).picks[0].parts.learned, 0.0);
    }
}

#[test]
fn two_that_share_a_file_agree() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    let mut settings = settings();
    settings.snapshot_every = 5;
    let first = learning(Learner::open(&file, settings.clone()).unwrap());
    let second = learning(Learner::open(&file, settings.clone()).unwrap());
    for at in 0..20 {
        teach(if at % 3 == 0 { &first } else { &second }, "acme", TASK, WANTED, 1);
    }
    let third = learning(Learner::open(&file, settings).unwrap());
    // Each request that is seen makes words a little less telling.
    let learned = [&first, &second, &third].map(|of| ask(of, "acme", TASK).picks[0].clone());
    assert!(learned.iter().all(|pick| pick.entry.id == WANTED && pick.parts.learned > 1.0));
    assert!(learned.windows(2).all(|pair| (pair[0].parts.learned - pair[1].parts.learned).abs() < 1e-3));
    // What one takes back, the other forgets.
    let learner = first.learned().unwrap();
    learner.forget("acme").unwrap();
    assert_eq!(ask(&second, "acme", TASK).picks[0].parts.learned, 0.0);
}
