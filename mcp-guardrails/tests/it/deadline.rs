//! The time that deciding may take is time on a processor.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mcp_guardrails::detect::{Detector, Finding};
use mcp_guardrails::{Decision, Engine, Event, Text};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::support::{rules, said};

/// Says to this test that it is the process that is stopped.
const STOPPED: &str = "MCP_TEST_STOPPED";
const DEADLINE: Duration = Duration::from_millis(250);

/// Stops its process once, as somebody who debugs it would, and finds nothing.
struct Stops(AtomicBool);

impl Detector for Stops {
    fn name(&self) -> &str {
        "stops"
    }

    fn scan(&self, _: &Text<'_>, _: &mut Vec<Finding>) {
        if !self.0.swap(true, Ordering::Relaxed) {
            kill_process(getpid(), Signal::STOP).unwrap();
            // Another thread may be the one that takes the signal, and this one runs on for a moment.
            io::stdin().read_exact(&mut [0]).unwrap();
        }
    }
}

#[test]
fn a_process_that_was_stopped_for_longer_than_the_deadline_still_decides() {
    if env::var_os(STOPPED).is_some() {
        return is_stopped();
    }
    let name = "deadline::a_process_that_was_stopped_for_longer_than_the_deadline_still_decides";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(STOPPED, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped(), "{status:?}");
    let since = Instant::now();
    while since.elapsed() < DEADLINE * 2 {
        thread::yield_now();
    }
    kill_process(pid, Signal::CONT).unwrap();
    child.stdin.take().unwrap().write_all(b".").unwrap();
    assert!(child.wait().unwrap().success());
}

fn is_stopped() {
    let text = "rules:
- { id: first, when: { detector: stops }, then: flag }
- { id: second, when: { /text: { regex: 'b+c' } }, then: block }";
    let stops = Arc::new(Stops(AtomicBool::new(false)));
    let engine = Engine::builder().deadline(Some(DEADLINE)).detector(stops).build(rules(text)).unwrap();
    let (arguments, begun) = (json!({ "text": "abbc" }), Instant::now());
    let decision = engine.decide(&Event::call("tool", &arguments));
    let took = begun.elapsed();
    assert!(took > DEADLINE, "it was not stopped: {took:?}");
    assert_eq!((said(&decision), decision.is_complete()), (("block", "second".to_owned()), true));
}

/// How long this thread had a processor.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// What an event comes to, and the processor time of that.
fn timed(engine: &Engine, event: &Event<'_>) -> (Arc<Decision>, Duration) {
    let begun = processor();
    let decision = engine.decide(event);
    (decision, processor() - begun)
}

#[test]
fn rules_that_take_long_are_stopped_while_other_threads_want_the_processor() {
    // Each of these goes over the whole text.
    let letters = || ('a'..='j').flat_map(|first| ('k'..='t').map(move |last| (first, last)));
    let text: String = letters()
        .map(|(a, b)| {
            format!(
                "- {{ id: {a}{b}, when: {{ /text: {{ regex: '\\pL+\\d\\pN+[{a}{b}]' }} }}, then: flag }}\n"
            )
        })
        .collect();
    let engine =
        |most| Engine::builder().cache(0).deadline(most).build(rules(&format!("rules:\n{text}"))).unwrap();
    let (patient, hasty) = (engine(None), engine(Some(Duration::from_millis(2))));
    let arguments = json!({ "text": "x".repeat(200_000) });
    let event = Event::call("tool", &arguments);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop()
                }
            });
        }
        // The first time compiles the expressions.
        drop((patient.decide(&event), hasty.decide(&event)));
        let (whole, long) = timed(&patient, &event);
        assert_eq!((whole.effect().name(), whole.is_complete()), ("allow", true));
        let (guessed, short) = timed(&hasty, &event);
        done.store(true, Ordering::Relaxed);
        assert_eq!((said(&guessed), guessed.is_complete()), (("block", "deadline".to_owned()), false));
        assert!(short < long / 2 && long > Duration::from_millis(8), "{short:?} of {long:?}");
    });
}
