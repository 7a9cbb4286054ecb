//! Servers that are programs, and behave badly.

use std::path::Path;
use std::time::Instant;

use mcp_core::client::{Client, Error, Program};
use serde_json::json;

/// A server in a few lines of Python. `on_call` is what a call does before it is answered.
fn server(folder: &Path, start: &str, on_call: &str, end: &str) -> Program {
    let discovered = super::discovered();
    let said = super::said("well");
    let code = format!(
        r#"
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
def note(name, text="x"):
    with open(folder / name, "a") as file: file.write(text + "\n")
note("pid", str(os.getpid()))
{start}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked: continue
    if asked["method"] == "tools/call":
        {on_call}
    result = {said} if asked["method"] == "tools/call" else json.loads('{discovered}')
    print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], "result": result}}), flush=True)
    if asked["method"] == "tools/call": note("answered")
{end}
"#
    );
    Program::new("python3").args(["-c", code.as_str()]).arg(folder.to_str().unwrap())
}

fn lines(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Whether a process is there, be it as a zombie.
fn lives(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
        || (!Path::new("/proc/self").exists()
            && std::process::Command::new("kill")
                .args(["-0", pid])
                .status()
                .is_ok_and(|status| status.success()))
}

#[tokio::test]
async fn a_program_that_prints_rubbish_is_understood_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let start = r#"print("Server listening on stdio\n{not json}\n\n[1,2", flush=True)"#;
    let program = server(folder.path(), start, r#"print("debug: called", flush=True)"#, "");
    let client = Client::connect(program).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    client.close().await;
}

#[tokio::test]
async fn a_program_that_ends_at_once_has_the_last_word() {
    let program = Program::new("sh").args(["-c", "echo 'no configuration: set API_KEY' >&2; exit 3"]);
    let error = Client::connect(program).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    assert!(error.to_string().contains("no configuration: set API_KEY"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = Client::connect("no-such-program-anywhere --stdio").await.unwrap_err();
    assert_eq!(error.to_string(), "`no-such-program-anywhere` cannot be started");
}

#[tokio::test]
async fn a_program_that_dies_during_a_call_did_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let dies = r#"note("effect"); sys.stderr.write("out of memory"); sys.stderr.flush(); os._exit(9)"#;
    let client = Client::connect(server(folder.path(), "", dies, "")).await.unwrap();
    let error = client.call::<String>("t", json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Closed { sent: true, .. }), "{error:?}");
    assert!(error.to_string().contains("out of memory"), "{error}");
    assert_eq!((lines(folder.path(), "effect").len(), lines(folder.path(), "pid").len()), (1, 1));
}

#[tokio::test]
async fn a_program_that_dies_between_calls_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    // It ends after its first call, and the second call finds that out.
    let program = server(
        folder.path(),
        "",
        r#"note("effect")"#,
        r#"    if (folder / "answered").exists(): sys.exit(0)"#,
    );
    let client = Client::connect(program).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    let pid = lines(folder.path(), "pid").remove(0);
    let connection = client.server().await.unwrap();
    while std::sync::Arc::ptr_eq(&connection, &client.server().await.unwrap()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(lines(folder.path(), "effect").len(), 1, "the call was not repeated");
    while lives(&pid) {
        tokio::task::yield_now().await;
    }
    client.close().await;
    assert!(!lives(&lines(folder.path(), "pid")[1]));
}

/// Closes the client of a program that goes on when its input ends, and does `on_term` when told to end.
async fn closes(on_term: &str) {
    let folder = tempfile::tempdir().unwrap();
    let start =
        format!("def term(*_):\n    note('term')\n    {on_term}\nsignal.signal(signal.SIGTERM, term)");
    let program = server(folder.path(), &start, "pass", "while True: time.sleep(60)");
    let client = Client::connect(program).await.unwrap();
    client.close().await;
    let pid = lines(folder.path(), "pid").remove(0);
    assert!(!lives(&pid), "neither a process nor a zombie is left");
    assert_eq!(lines(folder.path(), "term").len(), 1, "it was asked first");
}

#[tokio::test]
async fn a_program_that_ignores_the_end_of_its_input_is_told() {
    closes("os._exit(0)").await;
}

#[tokio::test]
async fn a_program_that_ignores_everything_is_killed() {
    let started = Instant::now();
    closes("pass").await;
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_client_that_is_dropped_leaves_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let program = server(
        folder.path(),
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "pass",
        "while True: time.sleep(60)",
    );
    let client = Client::connect(program).await.unwrap();
    let pid = lines(folder.path(), "pid").remove(0);
    assert!(lives(&pid));
    drop(client);
    while lives(&pid) {
        tokio::task::yield_now().await;
    }
}
