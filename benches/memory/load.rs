//! A hundred clients that read and write a memory at the same time, over MCP and HTTP, each with a key of its own.
//!
//! Server and clients share a process; or `--url` names a server that is up, where all are the same person. Half of the calls store, half search, each caller as fast as answers come, or at a
//! pace. One wrong answer ends the run.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use mcp_core::Client;
use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, NewApiKey, ResourceServer};
use mcp_core::transport::http::{Http, Listener};
use mcp_memory::{Memory, server};
use serde_json::{Value, json};

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 100)]
    clients: usize,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Calls a second of all clients together; 0 for as many as there can be.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// A server that is up and asks for no credentials, as `mcp up` is: http://127.0.0.1:8080/mcp
    #[arg(long)]
    url: Option<String>,
    /// Results as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Times {
    stores: Vec<Duration>,
    searches: Vec<Duration>,
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let served = if options.url.is_some() { None } else { Some(Served::start(options.clients).await?) };
    let clients = match (&options.url, &served) {
        (Some(url), _) => (0..options.clients)
            .map(|_| Ok(Client::builder("load", "1.0.0").connect_lazily(url.as_str())?))
            .collect::<Result<Vec<_>>>()?,
        (None, Some(served)) => served.clients()?,
        (None, None) => Vec::new(),
    };
    let over = Arc::new(AtomicBool::new(false));
    let pace =
        (options.rate > 0).then(|| Duration::from_secs_f64(options.clients as f64 / options.rate as f64));
    let many = u32::try_from(options.clients)?.max(1);
    let running: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, client)| tokio::spawn(work(client, (number, many), pace, Arc::clone(&over))))
        .collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    over.store(true, Relaxed);
    let mut all = Times::default();
    for client in running {
        let times = client.await??;
        all.stores.extend(times.stores);
        all.searches.extend(times.searches);
    }
    if let Some(served) = served {
        served.stop().await?;
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let results = json!({
        "clients": options.clients, "seconds": options.seconds, "errors": 0, "load": load.trim(),
        "callsPerSecond": (all.stores.len() + all.searches.len()) as f64 / options.seconds as f64,
        "store": shown(&mut all.stores), "search": shown(&mut all.searches),
    });
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&results)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} clients, {} s, 0 errors, {:.0} calls/s, load {}",
        options.clients,
        options.seconds,
        results["callsPerSecond"].as_f64().unwrap_or_default(),
        load.trim()
    )?;
    writeln!(out, "| call | number | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")?;
    for name in ["store", "search"] {
        let of = &results[name];
        let number = |percent: &str| of[percent].as_f64().unwrap_or_default();
        writeln!(
            out,
            "| {name} | {} | {:.2} | {:.2} | {:.2} |",
            of["number"],
            number("p50Ms"),
            number("p95Ms"),
            number("p99Ms")
        )?;
    }
    Ok(())
}

/// A memory that this process serves, and a key for each client.
struct Served {
    url: String,
    keys: Vec<String>,
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Served {
    async fn start(clients: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = Listener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/mcp", listener.local_addr()?);
        let store = ApiKeys::new(MemoryApiKeys::default(), &[7; 32]);
        let mut keys = Vec::new();
        for number in 0..clients {
            let key = NewApiKey::new(format!("org-{}", number % 10), format!("user-{number}"));
            keys.push(store.issue(key).await?.0.expose().to_owned());
        }
        let guard = ResourceServer::new(&url)?.accept(store);
        let http = Http::new(server::builder(Memory::open(folder.path())?).build()?).authenticate(guard);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(listener.serve(http, async move {
            drop(stopped.await);
        }));
        Ok(Self { url, keys, stop, serving, _folder: folder })
    }

    fn clients(&self) -> Result<Vec<Client>> {
        let made = |key: &String| {
            Ok(Client::builder("load", "1.0.0").bearer(key)?.connect_lazily(self.url.as_str())?)
        };
        self.keys.iter().map(made).collect()
    }

    async fn stop(self) -> Result<()> {
        drop(self.stop);
        Ok(self.serving.await??)
    }
}

fn shown(times: &mut [Duration]) -> Value {
    json!({
        "number": times.len(), "p50Ms": percentile(times, 0.5), "p95Ms": percentile(times, 0.95), "p99Ms": percentile(times, 0.99),
    })
}

/// Stores and searches in turn; what was stored is found by the next search.
async fn work(
    client: Client,
    (number, clients): (usize, u32),
    pace: Option<Duration>,
    over: Arc<AtomicBool>,
) -> Result<Times> {
    let mut times = Times::default();
    // They begin one after the other: nobody's hundred clients call at the same moment, again and again.
    let start = |pace: Duration| {
        tokio::time::Instant::now() + pace * u32::try_from(number).unwrap_or_default() / clients
    };
    let mut ticks = pace.map(|pace| tokio::time::interval_at(start(pace), pace));
    for round in 0u64.. {
        let fact = format!("fact{number}x{round}");
        let text = format!("client {number} learned {fact} about topic{}", round % 17);
        for is_store in [true, false] {
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            if over.load(Relaxed) {
                return Ok(times);
            }
            let started = Instant::now();
            if is_store {
                let arguments = json!({ "memories": [{ "content": text }] });
                let answer: Value = client.call("memory_store", arguments).await?;
                times.stores.push(started.elapsed());
                ensure!(answer["stored"][0]["new"] == true, "not stored: {answer}");
            } else {
                let answer: Value =
                    client.call("memory_search", json!({ "query": fact, "limit": 3 })).await?;
                times.searches.push(started.elapsed());
                let found = answer["memories"][0]["content"].as_str().context("nothing was found")?;
                ensure!(found == text, "found `{found}` instead of `{text}`");
            }
        }
    }
    Ok(times)
}
