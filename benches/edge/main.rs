//! An echo server behind as many parts of the edge as are named, to be measured with and without each.
//! It prints a token that it accepts, then serves until it is told to stop.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, ValueEnum};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_core::auth::server::{Keys, ResourceServer, Verifier};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{Args, Server, tool};
use mcp_edge::Edge;
use mcp_edge::audit::Audit;
use mcp_edge::limit::{Dimension, Limit, Limits, Period};
use mcp_edge::log::CallLog;
use mcp_edge::policy::{Format, Policy, PolicyFile};
use tower_layer::Layer as _;

#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// What stands in front of the server.
    #[arg(long, value_delimiter = ',')]
    parts: Vec<Part>,
    /// Where log and audit log go.
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Jwt,
    Metrics,
    Policy,
    Limits,
    Log,
    Audit,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Say {
    message: String,
}

const RESOURCE: &str = "http://127.0.0.1/mcp";
const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

/// Ten roles, each with rules of its own, as a team would have them.
fn policy() -> Policy {
    let mut text = String::from("rules:\n");
    for role in
        ["viewer", "editor", "admin", "billing", "support", "auditor", "robot", "intern", "guest", "owner"]
    {
        text +=
            &format!("  - {{ id: {role}, effect: allow, roles: [{role}], tools: ['echo', '{role}_*'] }}\n");
        text += &format!(
            "  - {{ id: {role}-paths, effect: deny, roles: [{role}], tools: ['{role}_*'], when: {{ /path: {{ path_within: [/secret] }} }} }}\n"
        );
    }
    Policy::parse(&text, "bench.yaml", Format::Yaml).expect("a policy")
}

fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let claims = serde_json::json!({
        "iss": "bench", "aud": RESOURCE, "sub": "u-1", "exp": now + 36_000, "iat": now, "jti": "1", "client_id": "bench",
        "orgId": "acme", "userId": "ada", "role": "editor", "plan": "pro", "scope": "mcp:use",
    });
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET)).expect("a token")
}

fn edge(options: &Options) -> Result<Edge, Box<dyn std::error::Error>> {
    let has = |part| options.parts.contains(&part);
    let mut edge = Edge::builder();
    if has(Part::Policy) {
        edge = edge.policy(PolicyFile::fixed(policy()));
    }
    if has(Part::Limits) {
        let second = |name: &str| Limit::rate(name, 1_000_000, Period::Second).burst(1_000_000);
        edge = edge.limits(Limits::new([
            second("caller").by([Dimension::Principal]),
            second("tool").by([Dimension::Principal, Dimension::Tool]),
        ])?);
    }
    if has(Part::Log) {
        edge = edge.log(CallLog::file("bench", options.folder.join("calls.jsonl"))?);
    }
    if has(Part::Audit) {
        edge = edge.audit(Audit::folder(options.folder.join("audit")).open()?);
    }
    Ok(edge.build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let echo = async |Args(Say { message }): Args<Say>| message;
    let server = Server::builder("bench", "1.0.0").tool(tool("echo", echo)).build()?;
    // Metrics are what an edge does when it does nothing else.
    let mut http = if options.parts.iter().any(|part| *part != Part::Jwt) {
        Http::new(edge(&options)?.layer().layer(server)).correlation(true)
    } else {
        Http::new(server)
    };
    if options.parts.contains(&Part::Jwt) {
        let verifier = Verifier::builder(RESOURCE).issuer("bench", Keys::secret(SECRET)?).build();
        http = http.authenticate(ResourceServer::new(RESOURCE)?.accept(verifier));
    }
    let listener = Listener::bind(&options.listen).await?;
    writeln!(std::io::stdout(), "{} {}", listener.local_addr()?, token())?;
    listener.serve(http, told_to_stop()).await?;
    Ok(())
}
