//! Several processes with one file, some of which die.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use mcp_patterns::learn::Learner;

use crate::support::{ask, learning, settings, teach};

const TASK: &str = "plan the review of the service";
const WANTED: &str = "skill:incident-review";
const FILE: &str = "MCP_PATTERNS_TEST_FILE";
const MOST: &str = "MCP_PATTERNS_TEST_MOST";

/// Not a test by itself: the other process. Says how many answers are committed, each time.
#[test]
fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let recommender = learning(Learner::open(file, settings()).unwrap());
    let most = std::env::var(MOST).map_or(usize::MAX, |most| most.parse().unwrap());
    for at in 1..=most {
        teach(&recommender, "acme", TASK, WANTED, 1);
        writeln!(std::io::stderr(), "committed {at}").unwrap();
    }
    // Whoever has told all that it was to tell says what it thinks once it is asked.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let best = ask(&recommender, "acme", TASK).picks[0].clone();
    writeln!(std::io::stderr(), "thinks {} {}", best.entry.id, best.parts.learned).unwrap();
}

fn spawn(file: &std::path::Path, most: Option<usize>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture"])
        .env(FILE, file)
        .envs(most.map(|most| (MOST, most.to_string())))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

type Lines = std::io::Lines<BufReader<ChildStderr>>;

fn lines(child: &mut Child) -> Lines {
    BufReader::new(child.stderr.take().unwrap()).lines()
}

/// Waits until the child has committed so many answers. Returns how many it said.
fn until(lines: &mut Lines, many: usize) -> usize {
    let committed =
        lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
    committed.into_iter().find(|committed: &usize| *committed >= many).unwrap()
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    let mut all = 0;
    for round in 1..=4 {
        let mut child = spawn(&file, None);
        let said = until(&mut lines(&mut child), round * 7);
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
fn two_processes_that_learn_at_once_think_the_same() {
    const EACH: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    let mut children = [0, 1].map(|_| spawn(&file, Some(EACH)));
    let mut said = children.each_mut().map(lines);
    said.iter_mut().for_each(|lines| assert_eq!(until(lines, EACH), EACH));
    let thoughts: Vec<(String, f32)> = children
        .iter_mut()
        .zip(&mut said)
        .map(|(child, lines)| {
            // The end of its input is the question.
            drop(child.stdin.take());
            let line =
                lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("thinks ")?.to_owned()));
            assert!(child.wait().unwrap().success());
            let (entry, learned) = line.as_deref().and_then(|line| line.split_once(' ')).unwrap();
            (entry.to_owned(), learned.parse().unwrap())
        })
        .collect();
    // Each request that is seen makes words a little less telling.
    assert!(thoughts.iter().all(|(entry, learned)| entry == WANTED && *learned > 1.0), "{thoughts:?}");
    assert!((thoughts[0].1 - thoughts[1].1).abs() < 1e-2, "{thoughts:?}");
    let recommender = learning(Learner::open(&file, settings()).unwrap());
    let stats = recommender.learned().unwrap().stats("acme").unwrap();
    assert_eq!((stats.requests, stats.accepted + stats.rejected), (2 * EACH as u64 + 2, 2 * EACH as u64));
    let records = recommender.learned().unwrap().export("acme").unwrap();
    assert!(records.windows(2).all(|pair| pair[0].exposure.id < pair[1].exposure.id));
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
