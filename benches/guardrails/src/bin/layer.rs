//! What guardrails add to a call: in process, over HTTP, and before a proxy as a gateway has it; against the same without them. Run with
//! `cargo run --release --manifest-path benches/guardrails/Cargo.toml --features layer --bin layer [-- CALLS]`. One caller, one call after the
//! other; all variants take turns.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mcp_core::client::{Client, Target};
use mcp_core::server::Proxy;
use mcp_core::service::McpService;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Args, Server, tool};
use mcp_guardrails::layer::{Guardrails, RemoteGuard};
use mcp_guardrails::{Engine, Format, RuleSet, pack, server};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tower_layer::Layer as _;

const ROUNDS: usize = 9;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Save {
    text: String,
}

fn files() -> Result<Server> {
    let save = tool("save", async |Args(Save { text }): Args<Save>| format!("saved: {text}"));
    Ok(Server::builder("files", "1.0.0").tool(save).build()?)
}

/// The packs that come with the crate but for the budget, and a hundred rules that look at the arguments.
fn guardrails() -> Result<Guardrails> {
    let mut text = String::from("rules:\n");
    for n in 0..100 {
        text.push_str(&format!("- {{ id: r{n}, when: {{ /text: {{ contains: 'needle{n}x' }} }}, then: block }}\n"));
    }
    let hundred = RuleSet::parse(&text, "hundred", Format::Yaml)?;
    // One session makes more calls here than a budget allows.
    let packs = pack::names().filter(|name| *name != "cost-budget").filter_map(pack::named).collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::builder().build(pack::together(packs.into_iter().chain([hundred])))?;
    Ok(Guardrails::builder(engine).server("files").build())
}

/// Serves until the process ends; its address.
async fn http(service: impl McpService) -> Result<String> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(listener.serve(Http::new(service), std::future::pending()));
    Ok(url)
}

/// A gateway: a server that offers what another offers over HTTP.
async fn proxy() -> Result<Server> {
    let upstream = Client::connect(http(files()?).await?).await?;
    Ok(Proxy::new(upstream).attach(Server::builder("gateway", "1.0.0")).await?.build()?)
}

async fn remote() -> Result<RemoteGuard> {
    let rules = server::builder(guardrails()?).without_credentials().build()?;
    Ok(RemoteGuard::new(Client::connect(http(rules).await?).await?).server("files"))
}

struct Variant {
    name: &'static str,
    client: Client,
    /// Microseconds of each call, and of the process's CPU for a call in each round.
    times: Vec<f64>,
    cpu: Vec<f64>,
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

async fn variants() -> Result<Vec<Variant>> {
    let mut all = Vec::new();
    let mut add = |name, client| all.push(Variant { name, client, times: Vec::new(), cpu: Vec::new() });
    let (layer, remote) = (guardrails()?.layer(), remote().await?.layer());
    add("in process, bare", Client::connect(files()?).await?);
    add("in process, layer", Client::connect(Target::service(layer.layer(files()?))).await?);
    add("in process, rules of another server over HTTP", Client::connect(Target::service(remote.layer(files()?))).await?);
    add("HTTP, bare", Client::connect(http(files()?).await?).await?);
    add("HTTP, layer", Client::connect(http(layer.layer(files()?)).await?).await?);
    add("proxy of HTTP, bare", Client::connect(proxy().await?).await?);
    add("proxy of HTTP, layer", Client::connect(Target::service(layer.layer(proxy().await?))).await?);
    add("proxy of HTTP, rules of another server", Client::connect(Target::service(remote.layer(proxy().await?))).await?);
    Ok(all)
}

const SENTENCES: [&str; 8] = [
    "The meeting about the new garden starts at nine and ends before lunch.",
    "Two of the three reports are ready; the last one waits for its figures.",
    "Rain is expected in the north, while the south stays dry until Friday.",
    "She painted the door green because the blue looked too cold in winter.",
    "The train to the coast was late, so we had coffee and watched the birds.",
    "Bread needs flour, water, salt and a night of patience.",
    "Our neighbours have moved the fence by the width of a hand.",
    "A good map shows less than it could and more than one expects.",
];

/// Ordinary text of about so many bytes, another one each time.
fn text(bytes: usize, number: usize) -> String {
    let mut text = format!("Note {number}. ");
    let mut sentences = SENTENCES.iter().cycle().skip(number % SENTENCES.len());
    while text.len() < bytes {
        text.extend(sentences.next().into_iter().flat_map(|sentence| [sentence, " "]));
    }
    text
}

async fn measure(bytes: usize, calls: usize) -> Result<()> {
    let mut variants = variants().await?;
    let texts: Vec<Value> = (0..calls).map(|number| json!({ "text": text(bytes, number) })).collect();
    for round in 0..=ROUNDS {
        for variant in &mut variants {
            let started = cpu();
            for arguments in &texts {
                let begun = Instant::now();
                let answer = variant.client.call_tool("save", arguments.clone()).await?;
                let spent = begun.elapsed().as_secs_f64() * 1e6;
                let said = answer.content.first().and_then(|part| part.as_text()).context("no text came back")?;
                // What a rule withholds is an answer, too, but not the tool's: the texts are such that none does.
                ensure!(!answer.is_error && said.starts_with("saved: "), "{}: {said}", variant.name);
                // The first round warms up.
                if round > 0 {
                    variant.times.push(spent);
                }
            }
            if round > 0 {
                variant.cpu.push((cpu() - started).as_secs_f64() * 1e6 / calls as f64);
            }
        }
    }
    println!("\narguments of {bytes} bytes\n\n| call | p50 µs | p99 µs | CPU µs | p50 added |\n|---|---|---|---|---|");
    let mut bare = 0.0;
    for Variant { name, times, cpu, .. } in &mut variants {
        times.sort_by(f64::total_cmp);
        cpu.sort_by(f64::total_cmp);
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        let added = if name.ends_with("bare") { String::new() } else { format!("{:.1}", p50 - bare) };
        if name.ends_with("bare") {
            bare = p50;
        }
        println!("| {name} | {p50:.1} | {p99:.1} | {:.1} | {added} |", cpu[ROUNDS / 2]);
    }
    Ok(())
}

fn main() -> Result<()> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average {}", load.split(' ').next().unwrap_or("?"));
    let calls = std::env::args().nth(1).map_or(Ok(500), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        measure(200, calls).await?;
        measure(2_000, calls).await
    })
}
