//! Which servers there are, how each is started, and what it can be asked.

use std::path::PathBuf;

use crate::options::{Options, Paths};

/// The peer that ratios refer to, over HTTP.
pub(crate) const REFERENCE: &str = "rmcp";
/// The floor that ratios refer to, over pipes.
pub(crate) const PIPE_FLOOR: &str = "floor-stdio";

/// What kind of requests a server is measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Workload {
    /// 2026-07-28, answers as JSON.
    Json,
    /// 2026-07-28, answers as event streams with one progress note.
    Stream,
    /// 2025-11-25: `initialize`, then calls within the session, in whatever form the server answers.
    Session,
}

/// One way to start one server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The name in tables and for `--only`.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) binary: PathBuf,
    /// Its options besides the address and the number of tools.
    pub(crate) args: &'static [&'static str],
    /// The most tools it can have.
    pub(crate) max_tools: usize,
    /// Whether it echoes what was sent; the barest floors send a fixed answer.
    pub(crate) echoes: bool,
}

struct Entry(&'static str, &'static str, &'static [&'static str], usize, bool);

const OURS: &str = "ours";
const ANY: usize = usize::MAX;

const JSON: &[Entry] = &[
    Entry("floor-hyper", "floor-hyper", &[], 2, false),
    Entry("floor-axum", "floor-axum", &[], 2, true),
    Entry(REFERENCE, "rmcp-http", &[], ANY, true),
    Entry("rmcp-field", "rmcp-http", &["--router-in-field"], ANY, true),
    Entry("turbomcp", "turbomcp-http", &[], 2, true),
    Entry(OURS, OURS, &[], ANY, true),
];

const STREAM: &[Entry] = &[
    Entry(REFERENCE, "rmcp-http", &["--sse"], ANY, true),
    Entry("rmcp-nodelay", "rmcp-http", &["--sse", "--nodelay"], ANY, true),
    Entry(OURS, OURS, &["--sse"], ANY, true),
];

const SESSION: &[Entry] = &[
    Entry(REFERENCE, "rmcp-http", &["--sse", "--sessions"], ANY, true),
    Entry(
        "rmcp-nodelay",
        "rmcp-http",
        &["--sse", "--sessions", "--nodelay"],
        ANY,
        true,
    ),
    Entry("rmcp-stateless", "rmcp-http", &[], ANY, true),
    Entry("turbomcp", "turbomcp-http", &[], 2, true),
    Entry(OURS, OURS, &[], ANY, true),
];

const PIPES: &[Entry] = &[
    Entry(PIPE_FLOOR, "floor-stdio", &["--stdio"], 2, false),
    Entry("floor-tokio-stdio", "floor-tokio-stdio", &["--stdio"], 2, false),
    Entry(REFERENCE, "rmcp-stdio", &["--stdio"], ANY, true),
    Entry("rmcp-pipes", "rmcp-stdio", &["--stdio", "--pipes"], ANY, true),
    Entry("turbomcp", "turbomcp-http", &["--stdio"], 2, true),
    Entry(OURS, OURS, &["--stdio"], ANY, true),
];

/// Servers over HTTP for a kind of request.
pub(crate) fn http(workload: Workload, options: &Options, paths: &Paths) -> Vec<Server> {
    let entries = match workload {
        Workload::Json => JSON,
        Workload::Stream => STREAM,
        Workload::Session => SESSION,
    };
    present(entries, options, paths)
}

/// Servers over pipes.
pub(crate) fn pipes(options: &Options, paths: &Paths) -> Vec<Server> {
    present(PIPES, options, paths)
}

/// Those that were asked for and are built.
fn present(entries: &[Entry], options: &Options, paths: &Paths) -> Vec<Server> {
    let mut servers = Vec::new();
    for &Entry(name, program, args, max_tools, echoes) in
        entries.iter().filter(|entry| options.wants(entry.0))
    {
        let binary = match (&paths.ours, program) {
            (Some(ours), OURS) => ours.clone(),
            (None, OURS) => continue,
            _ => paths.binaries.join(program),
        };
        if binary.is_file() {
            servers.push(Server {
                name,
                binary,
                args,
                max_tools,
                echoes,
            });
        } else {
            eprintln!("`{program}` is not built: left out");
        }
    }
    servers
}
