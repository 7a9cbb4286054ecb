//! `mcp bench`.

use crate::fixture::{Fixture, everything};
use crate::support::Folder;

#[test]
fn calls_are_counted_timed_and_drawn() {
    let (folder, server) = (Folder::new(), Fixture::serve(everything()));
    let run =
        ["bench", &server.url, "count", "to=1", "--seconds", "0.3", "--warm-up", "0.1", "--clients", "3"];
    let said = folder.mcp(&[&run[..], &["--json"]].concat()).good().json();
    let (calls, failed) = (said["calls"].as_u64().unwrap(), said["failed"].as_u64().unwrap());
    assert!(calls > 0 && failed == 0, "{said}");
    let asked = server.asked().iter().filter(|what| *what == "count").count() as u64;
    assert!(asked > calls, "{asked} were made, and those of the warm-up do not count: {said}");
    let of = |name: &str| said["latency_ms"][name].as_f64().unwrap();
    assert!(
        of("min") > 0.0 && of("min") <= of("p50") && of("p50") <= of("p90") && of("p99") <= of("max"),
        "{said}"
    );
    let drawn = said["histogram"].as_array().unwrap();
    assert_eq!(drawn.iter().map(|bucket| bucket["calls"].as_u64().unwrap()).sum::<u64>(), calls);
    assert!(drawn.last().unwrap()["to_ms"].as_f64().unwrap() >= of("max") * 0.999, "{said}");
    assert!(
        (of("mean") * calls as f64 / 1e3) <= said["seconds"].as_f64().unwrap() * 3.1,
        "three callers: {said}"
    );
    let seen = folder.mcp(&run).good().stdout;
    assert!(seen.contains("in a second, 0 failed") && seen.contains("p99") && seen.contains('█'), "{seen}");
}

#[test]
fn a_rate_is_kept() {
    let (folder, server) = (Folder::new(), Fixture::serve(everything()));
    let run = [
        "bench",
        &server.url,
        "count",
        "to=1",
        "--rate",
        "40",
        "--seconds",
        "0.5",
        "--warm-up",
        "0",
        "--json",
    ];
    let said = folder.mcp(&run).good().json();
    // The moments are fixed: 0, 25, …, 475 ms. A machine that is busy makes fewer of them, never more.
    let calls = said["calls"].as_u64().unwrap();
    assert!((1..=20).contains(&calls), "{said}");
}

#[test]
fn failures_are_told_apart_and_exit_with_1() {
    let (folder, server) = (Folder::new(), Fixture::serve(everything()));
    let run = ["bench", &server.url, "fail", "--seconds", "0.1", "--warm-up", "0", "--json"];
    let failed = folder.mcp(&run);
    let said = failed.json();
    assert_eq!(
        (failed.code, &said["calls"], said.get("latency_ms")),
        (1, &0.into(), Some(&serde_json::Value::Null))
    );
    assert_eq!(said["failures"]["the tool failed: there is no paper"], said["failed"]);
    for (arguments, says) in [
        (&["count"][..], "the tool needs `to`"),
        (&["cuont"], "did you mean `count`?"),
        (&["fail", "--seconds", "0"], "--seconds must be more than 0"),
        (&["fail", "--rate", "0"], "--rate must be"),
        (&["fail", "--arguments", "[]"], "must be a JSON object"),
    ] {
        let refused = folder.mcp(&[&["bench", &server.url], arguments].concat());
        assert!(refused.code == 1 && refused.stderr.contains(says), "{arguments:?}: {}", refused.stderr);
    }
}
