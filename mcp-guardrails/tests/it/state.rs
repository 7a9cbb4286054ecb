//! What is remembered between events.

use std::sync::Arc;
use std::time::Duration;

use mcp_guardrails::rule::{Effect, Glob, Rule};
use mcp_guardrails::state::{Digest, Guard, MemoryStore, Store};
use mcp_guardrails::{Event, Phase};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{engine, said};

fn guard(rules: &str) -> Guard {
    Guard::new(Arc::new(engine(rules)), Arc::new(MemoryStore::default()))
}

const MINUTE: u64 = 60_000;

/// Calls of tools at minutes, and what they come to.
fn story(guard: &Guard, steps: &[(u64, &str, Value, &str)]) {
    for (minute, tool, arguments, expect) in steps {
        let checked = guard.check(&Event::call(tool, arguments).session("s").at(minute * MINUTE)).unwrap();
        assert_eq!(said(&checked).0, *expect, "{tool} {arguments} at {minute}");
    }
}

#[test]
fn sequences_are_followed_within_their_time() {
    let guard = guard(
        "
rules:
- { id: r, tool: post, then: block, when: { sequence: { within: 10m, steps: [{ tool: read }, { tool: pack, when: { /n: 1 } }, { tool: post }] } } }
",
    );
    let none = json!({});
    story(
        &guard,
        &[
            (0, "post", none.clone(), "allow"),
            (0, "pack", json!({"n": 1}), "allow"),
            (0, "read", none.clone(), "allow"),
            (1, "post", none.clone(), "allow"),
            (2, "pack", json!({"n": 2}), "allow"),
            (2, "post", none.clone(), "allow"),
            (3, "pack", json!({"n": 1}), "allow"),
            (10, "post", none.clone(), "block"),
            (11, "post", none.clone(), "allow"),
            // The later beginning counts.
            (12, "read", none.clone(), "allow"),
            (13, "pack", json!({"n": 1}), "allow"),
            (22, "post", none.clone(), "block"),
        ],
    );
    let other = guard.check(&Event::call("post", &none).session("t").at(13 * MINUTE)).unwrap();
    assert!(!other.is_blocked());
}

#[test]
fn steps_may_have_to_share_a_value() {
    let guard = guard(
        "rules: [{ id: r, tool: send, then: block, when: { sequence: { within: 1h, same: /id, steps: [{ tool: open }, { tool: send }] } } }]",
    );
    story(
        &guard,
        &[
            (0, "open", json!({"id": "a"}), "allow"),
            (1, "send", json!({"id": "b"}), "allow"),
            (2, "send", json!({"id": "a"}), "block"),
            (3, "send", json!({}), "allow"),
        ],
    );
    // Many values: the oldest are forgotten, the newest are not.
    for n in 0..1000 {
        story(&guard, &[(4, "open", json!({"id": n}), "allow")]);
    }
    story(&guard, &[(5, "send", json!({"id": 999}), "block")]);
}

#[test]
fn windows_count_add_and_tell_apart() {
    let guard = guard(
        "
rules:
- { id: count, tool: a, then: block, when: { count: { tool: a, within: 64m, min: 3 } } }
- { id: sum, tool: pay, then: block, when: { sum: { tool: pay, field: /amount, within: 64m, min: 100 } } }
- { id: distinct, tool: mail, then: block, when: { distinct: { tool: mail, field: '/to/*', within: 64m, min: 3 } } }
- { id: failures, tool: b, then: block, when: { count: { phase: result, when: { result/isError: true }, within: 1h, min: 2 } } }
",
    );
    let none = json!({});
    story(
        &guard,
        &[
            (0, "a", none.clone(), "allow"),
            (1, "a", none.clone(), "allow"),
            (2, "a", none.clone(), "block"),
            // What was blocked did not happen; the first is out of the window after its 64 minutes.
            (64, "a", none.clone(), "allow"),
            (0, "pay", json!({"amount": 60}), "allow"),
            (1, "pay", json!({"amount": "30"}), "allow"),
            (2, "pay", json!({"amount": 10}), "block"),
            (2, "pay", json!({"amount": 9.5}), "allow"),
            (70, "pay", json!({"amount": 60}), "allow"),
            (0, "mail", json!({"to": ["x", "y", "x"]}), "allow"),
            (1, "mail", json!({"to": ["y"]}), "allow"),
            (2, "mail", json!({"to": ["z"]}), "block"),
            (66, "mail", json!({"to": ["z"]}), "allow"),
        ],
    );
    let failed = json!({"isError": true});
    for _ in 0..2 {
        story(&guard, &[(100, "b", none.clone(), "allow")]);
        guard.check(&Event::result("b", &none, &failed).session("s").at(100 * MINUTE)).unwrap();
    }
    story(&guard, &[(101, "b", none, "block")]);
}

#[test]
fn labels_stay_with_the_session_until_it_ends() {
    let guard = guard(
        "
rules:
- { id: taint, phase: result, tool: fetch, then: { label: untrusted } }
- { id: clean, tool: wash, then: { unlabel: untrusted } }
- { id: egress, tool: post, when: { label: untrusted }, then: block }
",
    );
    let none = json!({});
    let taint = || guard.check(&Event::result("fetch", &none, &none).session("s")).unwrap();
    let post = |session| guard.check(&Event::call("post", &none).session(session)).unwrap().is_blocked();
    assert!(!post("s"));
    taint();
    assert!(post("s") && !post("t"));
    guard.check(&Event::call("wash", &none).session("s")).unwrap();
    assert!(!post("s"));
    taint();
    guard.check(&Event::end().session("s")).unwrap();
    assert!(!post("s"));
    guard.label("t", "untrusted").unwrap();
    assert!(post("t"));
}

#[test]
fn an_approval_is_for_one_call_by_one_caller_once() {
    approvals(Arc::new(MemoryStore::default()));
}

fn approvals(store: Arc<dyn Store>) {
    let rules = "
rules:
- { id: ask, tool: deploy, then: require_approval, message: 'ask somebody to deploy {/version}' }
- { id: log, tool: deploy, when: { /version: { contains: beta } }, then: redact }
- { id: never, tool: deploy, when: { /force: true }, then: block }
";
    let guard = Guard::new(Arc::new(engine(rules)), store);
    let (arguments, same, other) = (
        json!({"version": "1", "to": 2}),
        json!({"to": 2.0, "version": "1"}),
        json!({"version": "2", "to": 2}),
    );
    let call = |arguments, time| {
        guard.check(&Event::call("deploy", arguments).user("ann").session("s").at(time)).unwrap()
    };
    let asked = call(&arguments, 0);
    assert!(asked.is_blocked());
    let digest = asked.approval.unwrap().digest;
    assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
    assert_eq!(call(&same, 0).approval.unwrap().digest, digest);
    assert_ne!(call(&other, 0).approval.unwrap().digest, digest);
    let approve = || guard.approve(digest, 1_000, Duration::from_secs(60)).unwrap();

    approve();
    let stranger =
        guard.check(&Event::call("deploy", &arguments).user("bob").session("s").at(2_000)).unwrap();
    assert!(stranger.is_blocked() && call(&other, 2_000).is_blocked());
    let passed = call(&same, 3_000);
    assert_eq!((said(&passed), passed.approval), (("flag", "ask".into()), None));
    assert!(call(&arguments, 4_000).is_blocked());

    approve();
    assert!(call(&arguments, 61_000).is_blocked());
    // What has expired is gone, and approving does not help against what blocks.
    assert!(call(&arguments, 5_000).is_blocked());
    let forced = json!({"version": "1", "force": true});
    let decision = call(&forced, 0);
    assert!(decision.approval.is_none() && decision.is_blocked());
    let beta = json!({"version": "beta"});
    let digest = call(&beta, 0).approval.unwrap().digest;
    guard.approve(digest, 0, Duration::from_secs(1)).unwrap();
    assert_eq!(said(&call(&beta, 0)), ("redact", "log".into()));
}

#[test]
fn many_violations_stop_a_session() {
    let guard = guard(
        "circuit: { violations: 2, within: 10m, open_for: 5m }\nrules: [{ id: no, tool: bad, then: block }]",
    );
    let none = json!({});
    story(
        &guard,
        &[
            (0, "bad", none.clone(), "block"),
            (0, "good", none.clone(), "allow"),
            (1, "bad", none.clone(), "block"),
            (2, "good", none.clone(), "block"),
        ],
    );
    let stopped = guard.check(&Event::call("good", &none).session("s").at(3 * MINUTE)).unwrap();
    assert_eq!(said(&stopped), ("block", "circuit".into()));
    assert!(!guard.check(&Event::call("good", &none).session("t").at(3 * MINUTE)).unwrap().is_blocked());
    story(
        &guard,
        &[
            (6, "good", none.clone(), "allow"),
            (7, "bad", none.clone(), "block"),
            (20, "bad", none.clone(), "block"),
            (21, "good", none, "allow"),
        ],
    );
}

#[test]
fn tests_of_rules_tell_stories() {
    let rules = "
rules: [{ id: r, tool: post, then: block, when: { sequence: { within: 10m, steps: [{ tool: read }, { tool: post }] } } }]
tests:
- { events: [{ tool: read }, { tool: post, after: 9m }], expect: block, rule: r }
- { events: [{ tool: read }, { tool: post, after: 11m }], expect: allow }
- { events: [{ tool: read, phase: result }, { tool: post }], expect: allow }
";
    engine(rules);
}

#[test]
fn other_rules_go_on_with_what_is_remembered() {
    let sequence = "{ id: r, tool: post, then: block, when: { sequence: { within: 10m, steps: [{ tool: read, when: { /path: { regex: '^a+$' } } }, { tool: post }] } } }";
    let guard = guard(&format!("rules: [{sequence}]"));
    let none = json!({});
    story(&guard, &[(0, "read", json!({"path": "aa"}), "allow")]);
    let more = "{ id: n, tool: x, then: block, when: { count: { tool: x, within: 1h, min: 1 } } }";
    // The same rules, whose expressions are compiled by now, and the same read anew.
    guard.engine().add(Rule::new("other").tool(Glob::name("y").unwrap()).then(Effect::Flag)).unwrap();
    story(&guard, &[(1, "post", none.clone(), "block")]);
    guard.engine().replace(crate::support::rules(&format!("rules: [{more}, {sequence}]"))).unwrap();
    story(&guard, &[(1, "post", none.clone(), "block"), (1, "x", none, "block")]);
}

#[derive(Debug, Clone)]
struct Deed {
    after: u64,
    tool: &'static str,
    value: u8,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = (0_u64..400, prop::sample::select(vec!["a", "b", "c"]), 0_u8..3);
    prop::collection::vec(deed.prop_map(|(after, tool, value)| Deed { after, tool, value }), 1..40)
}

const WITHIN: u64 = 1_000;

/// Whether three deeds a, b, c end with the last, the first not longer ago than it may be, by trying all.
fn in_order(deeds: &[(u64, &Deed)], same: bool) -> bool {
    let [before @ .., (now, last)] = deeds else { return false };
    last.tool == "c"
        && before.iter().enumerate().any(|(i, (time, first))| {
            let shares = |deed: &Deed| !same || deed.value == last.value;
            first.tool == "a"
                && shares(first)
                && now - time <= WITHIN
                && before.iter().skip(i + 1).any(|(_, middle)| middle.tool == "b" && shares(middle))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Steps, sums and values against looking at the whole history again each time.
    #[test]
    fn what_is_remembered_is_what_happened(deeds in deeds()) {
        let steps = "steps: [{ tool: a }, { tool: b }, { tool: c }]";
        let guard = guard(&format!("
rules:
- {{ id: order, then: flag, when: {{ sequence: {{ within: 1s, {steps} }} }} }}
- {{ id: same, then: flag, when: {{ sequence: {{ within: 1s, same: /v, {steps} }} }} }}
- {{ id: count, then: flag, when: {{ count: {{ tool: a, within: 1s, min: 3 }} }} }}
- {{ id: sum, then: flag, when: {{ sum: {{ tool: [a, b], field: /v, within: 1s, min: 4 }} }} }}
- {{ id: distinct, then: flag, when: {{ distinct: {{ tool: c, field: /v, within: 1s, min: 2 }} }} }}
"));
        let mut history: Vec<(u64, &Deed)> = Vec::new();
        let mut now = 5_000;
        for deed in &deeds {
            now += deed.after;
            history.push((now, deed));
            let arguments = json!({ "v": deed.value });
            let checked = guard.check(&Event::call(deed.tool, &arguments).session("s").at(now)).unwrap();
            let mut fired: Vec<&str> = checked.rules().collect();
            fired.sort_unstable();
            // A window of a second has 64 parts of 15 ms.
            let lately = || history.iter().filter(|(time, _)| now / 15 - time / 15 < 64).map(|(_, deed)| *deed);
            let mut expected = Vec::new();
            if lately().filter(|deed| deed.tool == "a").count() >= 3 { expected.push("count"); }
            let recent = history.iter().filter(|(time, deed)| now - time <= WITHIN && deed.tool == "c");
            let mut values: Vec<u8> = recent.map(|(_, deed)| deed.value).collect();
            values.sort_unstable();
            values.dedup();
            if values.len() >= 2 { expected.push("distinct"); }
            if in_order(&history, false) { expected.push("order"); }
            if in_order(&history, true) { expected.push("same"); }
            if lately().filter(|deed| deed.tool != "c").map(|deed| u32::from(deed.value)).sum::<u32>() >= 4 { expected.push("sum"); }
            prop_assert_eq!(fired, expected, "at {} of {:?}", now, history);
        }
    }
}

#[test]
fn a_flood_of_sessions_is_bounded() {
    let store = MemoryStore::default();
    for number in 0..100_000_u64 {
        store.update(&format!("s{number}"), &mut |session| session.label("x")).unwrap();
    }
    let mut kept = 0;
    for number in 0..100_000_u64 {
        store
            .update(&format!("s{number}"), &mut |session| kept += usize::from(!session.labels().is_empty()))
            .unwrap();
        if number > 65_536 {
            break;
        }
    }
    assert!(kept < 70_000);
    assert_eq!(Phase::of("call"), Some(Phase::Call));
}

/// Stores that are opened several times share sessions, which outlive them; those of two tenants are their own.
#[cfg(any(feature = "sqlite", feature = "redis"))]
fn shared(open: &(dyn Fn() -> Arc<dyn Store> + Sync)) {
    let rules = "
rules:
- { id: r, tool: post, then: block, when: { sequence: { within: 10m, same: /id, steps: [{ tool: read }, { tool: post }] } } }
- { id: n, tool: x, then: block, when: { count: { tool: x, within: 1h, min: 2 } } }
- { id: d, tool: y, then: block, when: { distinct: { tool: y, field: /id, within: 1h, min: 2 } } }
";
    let guard = || Guard::new(Arc::new(engine(rules)), open());
    let document = json!({"id": "a"});
    let (first, second) = (guard(), guard());
    let (nothing, same, other) = (json!({}), document.clone(), json!({"id": "b"}));
    story(
        &first,
        &[(0, "read", same.clone(), "allow"), (0, "x", nothing.clone(), "allow"), (0, "y", same, "allow")],
    );
    // Nobody else's session knows of it, whoever asks.
    for guard in [&first, &second] {
        let checked =
            guard.check(&Event::call("post", &document).tenant("other").session("t").at(MINUTE)).unwrap();
        assert!(!checked.is_blocked());
    }
    let steps =
        [(1, "post", document.clone(), "block"), (1, "x", nothing, "block"), (1, "y", other, "block")];
    story(&second, &steps);
    drop((first, second));
    let third = guard();
    story(&third, &[(2, "post", document.clone(), "block")]);
    third.check(&Event::end().session("s")).unwrap();
    story(&third, &[(3, "post", document.clone(), "allow"), (3, "read", document, "allow")]);

    // What several write at once is all kept.
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                let store = open();
                for step in 0..10 {
                    store.update("many", &mut |session| session.label(&format!("{number}-{step}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(labels(&*open(), "many").len(), 40);
    open().update("kept", &mut |session| session.label("x")).unwrap();
    assert_eq!(labels(&*open(), "kept"), ["x"]);

    // An approval of one tenant's call is no approval of another's, and is taken once by whoever is first.
    let ask = "rules: [{ id: ask, tool: deploy, then: require_approval }]";
    let (one, two) = (Guard::new(Arc::new(engine(ask)), open()), Guard::new(Arc::new(engine(ask)), open()));
    let nothing = json!({});
    let call = |guard: &Guard, tenant| {
        guard
            .check(&Event::call("deploy", &nothing).tenant(tenant).user("ann").session(tenant).at(MINUTE))
            .unwrap()
    };
    let digest = call(&one, "a").approval.unwrap().digest;
    two.approve(digest, MINUTE, Duration::from_secs(60)).unwrap();
    assert!(call(&two, "b").is_blocked());
    assert!(!call(&one, "a").is_blocked());
    assert!(call(&two, "a").is_blocked());

    // What waits in one process is listed and approved in another, by one of those who try at once.
    let wait = |guard: &Guard, tenant: &'static str, until| {
        let digest = call(guard, tenant).approval.unwrap().digest;
        let said =
            json!({ "digest": digest, "tool": "deploy", "rule": "ask", "message": "m", "until": until });
        guard.wait(&serde_json::from_value(said).unwrap()).unwrap();
        digest
    };
    let (late, soon) = (wait(&one, "a", 3 * MINUTE), wait(&one, "b", 2 * MINUTE));
    wait(&one, "a", 3 * MINUTE);
    let listed = |now| two.pending(now).unwrap().into_iter().map(|call| call.digest).collect::<Vec<_>>();
    assert_eq!((listed(MINUTE), listed(2 * MINUTE)), (vec![soon, late], vec![late]));
    assert!(!two.approve_pending(soon, 2 * MINUTE, Duration::from_secs(60)).unwrap(), "it waits no longer");
    let approved = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let guard = Guard::new(Arc::new(engine(ask)), open());
                    guard.approve_pending(late, MINUTE, Duration::from_secs(60)).unwrap()
                })
            })
            .collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!((approved, listed(MINUTE).len()), (1, 0));
    assert!(!call(&one, "a").is_blocked());
}

#[cfg(any(feature = "sqlite", feature = "redis"))]
fn labels(store: &dyn Store, session: &str) -> Vec<String> {
    let mut labels = Vec::new();
    store.update(session, &mut |session| labels = session.labels().to_vec()).unwrap();
    labels
}

#[cfg(feature = "redis")]
mod redis {
    use mcp_guardrails::state::RedisStore;

    use super::*;

    const URL: &str = "redis://127.0.0.1:6379/";

    /// A store under keys of its own, opened anew each time; none where no Redis is there.
    fn store(name: &str) -> Option<impl Fn() -> Arc<dyn Store> + Sync + use<>> {
        let prefix = format!("mcp-guardrails-test:{}:{name}", std::process::id());
        let open = move || RedisStore::new(URL, prefix.clone()).unwrap().kept(Duration::from_secs(60));
        if open().forget("nobody").is_err() {
            assert!(std::env::var_os("CI").is_none(), "Redis is not there, and CI must not leave a test out");
            eprintln!("SKIPPED: Redis is not at {URL}");
            return None;
        }
        Some(move || -> Arc<dyn Store> { Arc::new(open()) })
    }

    #[test]
    fn approvals_are_the_same_in_redis() {
        if let Some(open) = store("approvals") {
            approvals(open());
        }
    }

    #[test]
    fn two_processes_share_sessions_in_redis() {
        if let Some(open) = store("shared") {
            shared(&open);
        }
    }

    #[test]
    fn a_redis_that_is_gone_is_an_error_and_one_that_is_back_is_used() {
        use std::process::{Command, Stdio};

        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let start = || {
            let mut command = Command::new("redis-server");
            command.args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            ]);
            command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
            command.stdout(Stdio::null()).spawn()
        };
        let Ok(mut server) = start() else {
            assert!(std::env::var_os("CI").is_none(), "CI must have redis-server");
            eprintln!("SKIPPED: there is no redis-server");
            return;
        };
        let store = RedisStore::new(&format!("redis://:secret@127.0.0.1:{port}/"), "t").unwrap();
        assert!(!format!("{store:?}").contains("secret"));
        let store = RedisStore::new(&format!("redis://127.0.0.1:{port}/"), "t").unwrap();
        let until = |what: &str, holds: &dyn Fn() -> bool| {
            let begun = std::time::Instant::now();
            while !holds() {
                assert!(begun.elapsed() < Duration::from_secs(20), "waited for {what}");
                std::thread::yield_now();
            }
        };
        until("Redis", &|| store.forget("nobody").is_ok());
        store.update("s", &mut |session| session.label("seen")).unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        let begun = std::time::Instant::now();
        assert!(store.update("s", &mut |_| {}).is_err());
        assert!(begun.elapsed() < Duration::from_secs(5));
        let mut server = start().unwrap();
        until("Redis", &|| store.forget("nobody").is_ok());
        assert_eq!(labels(&store, "s"), ["seen"]);
        server.kill().unwrap();
        server.wait().unwrap();
    }

    #[test]
    fn what_is_no_session_is_an_error_and_not_an_empty_one() {
        assert!(RedisStore::new("http://example.org", "t").is_err());
        let Some(open) = store("broken") else { return };
        open().update("s", &mut |session| session.label("x")).unwrap();
        let client = ::redis::Client::open(URL).unwrap();
        let mut connection = client.get_connection().unwrap();
        let pattern = format!("mcp-guardrails-test:{}:broken:*", std::process::id());
        let keys: Vec<String> = ::redis::cmd("KEYS").arg(pattern).query(&mut connection).unwrap();
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        ::redis::cmd("SET").arg(key).arg("{").exec(&mut connection).unwrap();
        let error = open().update("s", &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "sessions cannot be changed");
        ::redis::cmd("DEL").arg(key).exec(&mut connection).unwrap();
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use mcp_guardrails::state::SqliteStore;

    use super::*;

    #[test]
    fn approvals_are_the_same_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        approvals(Arc::new(SqliteStore::open(&folder.path().join("state.db")).unwrap()));
    }

    #[test]
    fn two_processes_share_sessions_that_outlive_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let open = || -> Arc<dyn Store> { Arc::new(SqliteStore::open(&path).unwrap()) };
        shared(&open);
        let store = SqliteStore::open(&path).unwrap();
        store.expire(4 * MINUTE).unwrap();
        assert_eq!(labels(&store, "kept"), [""; 0]);
    }

    #[test]
    fn a_broken_file_is_an_error_and_not_an_empty_session() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        drop(SqliteStore::open(&path).unwrap());
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute("INSERT INTO sessions VALUES ('s', '{', 0)", []).unwrap();
        let guard = Guard::new(Arc::new(engine("rules: []")), Arc::new(SqliteStore::open(&path).unwrap()));
        let none = json!({});
        let error = guard.check(&Event::call("t", &none).session("s")).unwrap_err();
        assert_eq!(error.to_string(), "sessions cannot be changed");
        assert!(SqliteStore::open(folder.path()).is_err());
    }
}
