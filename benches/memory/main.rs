//! How fast a memory stores and finds, and how much room it takes. Encryption is on, and what is stored is on the disk.
//!
//!     memory-speed                                   100,000 memories of one user
//!     memory-speed --namespaces 100 --memories 1000  of 100 users 1,000 each
//!     memory-speed --memories 1000000
//!     memory-speed --postgres postgres://postgres@127.0.0.1/postgres   in a schema of its own, which is removed

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use mcp_memory::filter::Filter;
use mcp_memory::{Access, Draft, Memory, Postgres, Scope, Search, Tenant};
use serde_json::json;

#[derive(Parser)]
struct Options {
    /// Memories in each namespace.
    #[arg(long, default_value_t = 100_000)]
    memories: usize,
    /// Namespaces, each of a user.
    #[arg(long, default_value_t = 1)]
    namespaces: usize,
    /// Searches of each kind.
    #[arg(long, default_value_t = 1_000)]
    searches: usize,
    /// An empty folder to store them in, which is kept, and so is the schema (default: one that is removed).
    #[arg(long)]
    keep_in: Option<PathBuf>,
    /// In this database instead of files.
    #[arg(long)]
    postgres: Option<String>,
    /// Only searches what was stored there before.
    #[arg(long)]
    search_in: Option<PathBuf>,
}

/// Numbers from a seed (SplitMix64: Steele, Lea, Flood, 2014).
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A word: few are frequent, many are rare.
    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ka", "lo", "mi", "ter", "an", "ver", "so", "der", "in", "ta", "re", "no", "qu", "pel", "ist",
            "or",
        ];
        let rank = 20_000f64.powf((self.next() >> 11) as f64 / (1u64 << 53) as f64) as usize;
        let digits = [rank % 16, rank / 16 % 16, rank / 256 % 16, rank / 4_096 % 16];
        digits.iter().map(|digit| SYLLABLES[*digit]).collect()
    }

    /// About 120 characters.
    fn text(&mut self) -> String {
        let words: Vec<String> = (0..14).map(|_| self.word()).collect();
        words.join(" ")
    }
}

/// Of the memories that are stored one by one, each of so many is deleted again.
const FORGOTTEN: usize = 20;

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// A memory as agents have them: of a kind, with tags, in a conversation, of some day.
fn draft(random: &mut Random, number: usize) -> Draft {
    const KINDS: [&str; 5] = ["note", "decision", "fact", "preference", "lesson"];
    let mut draft =
        Draft::new(random.text()).kind(KINDS[number % 5]).tag(format!("topic-{}", random.next() % 20));
    draft = draft.session(format!("conversation {}", number / 20));
    draft.created = Some(1_760_000_000_000 + (random.next() % 400) as i64 * 86_400_000);
    draft.metadata.insert("project".into(), (random.next() % 50).into());
    draft
}

/// A filter that lets a half, a tenth, or one of a thousand through.
fn filter(random: &mut Random, number: usize) -> Result<Filter> {
    let day = random.next() % 200;
    let from = 1_760_000_000_000 + day as i64 * 86_400_000;
    Ok(Filter::parse(&match number % 3 {
        0 => json!({ "created": { "gte": from, "lt": from + 200 * 86_400_000 } }),
        1 => json!({ "any": [{ "tags": "topic-3" }, { "metadata.project": 7 }], "type": { "ne": "note" } }),
        _ => json!({ "tags": "topic-4", "metadata.project": { "in": [1, 2] } }),
    })?)
}

fn searches(tenants: &[Tenant], random: &mut Random, many: usize, filtered: bool) -> Result<String> {
    let mut times = Vec::with_capacity(many);
    for number in 0..many {
        let mut search = Search::new(format!("{} {} {}", random.word(), random.word(), random.word()));
        if filtered {
            search = search.filter(filter(random, number)?);
        }
        let tenant = &tenants[random.next() as usize % tenants.len()];
        let started = Instant::now();
        let found = tenant.search(&search)?;
        times.push(started.elapsed());
        anyhow::ensure!(filtered || !found.hits.is_empty(), "nothing was found");
    }
    let mut at = |share| percentile(&mut times, share);
    Ok(format!("p50 {:.2} ms, p99 {:.2} ms", at(0.5), at(0.99)))
}

/// Searches while somebody stores, one by one and in batches of ten.
fn during_writes(tenants: &[Tenant], random: &mut Random, many: usize) -> Result<String> {
    let (stop, stored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let times = thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<()> {
            let mut random = Random(11);
            let mut number = 0;
            while !stop.load(Relaxed) {
                let tenant = &tenants[number % tenants.len()];
                let batch = (0..1 + 9 * (number % 2)).map(|_| draft(&mut random, number)).collect();
                number += 1;
                stored.fetch_add(tenant.store_all(&Scope::Private, batch)?.len(), Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        });
        let times = searches(tenants, random, many, false);
        stop.store(true, Relaxed);
        writer.join().map_err(|_| anyhow::anyhow!("the writer failed"))??;
        times
    })?;
    Ok(format!("{times} ({} stored meanwhile)", stored.into_inner()))
}

/// A figure of this process, in kB.
fn resident(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    let kilobytes: f64 =
        line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).unwrap_or_default();
    format!("{:.0} MB", kilobytes / 1e3)
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |file: std::fs::DirEntry| match file.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&file.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    files.map(of).sum()
}

fn tenants(memory: &Memory, many: usize) -> Vec<Tenant> {
    (0..many).map(|number| memory.of(Access::new("acme", format!("user {number}")))).collect()
}

/// The schema that belongs to a folder.
fn schema(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("memory_speed_{name}")
}

fn open(folder: &Path, options: &Options) -> Result<Memory> {
    let mut memory = Memory::builder(folder);
    if let Some(url) = &options.postgres {
        memory = memory.postgres(Postgres::new(url).schema(schema(folder)));
    }
    Ok(memory.open()?)
}

fn drop_schema(url: &str, schema: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let dropped: Result<()> = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        let talk = tokio::spawn(connection);
        client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await?;
        drop(client);
        Ok(talk.await??)
    });
    dropped.with_context(|| format!("the schema `{schema}` is left behind: drop it"))
}

/// Stores everything, and returns what there is to say of it.
fn fill(folder: &Path, options: &Options, random: &mut Random) -> Result<(f64, f64)> {
    let memory = open(folder, options)?;
    let tenants = tenants(&memory, options.namespaces);
    let singles = (2_000 / options.namespaces).min(options.memories);
    let mut forgotten = Vec::new();
    let started = Instant::now();
    for tenant in &tenants {
        for number in 0..singles {
            let stored = tenant.store(&Scope::Private, draft(random, number))?;
            if number % FORGOTTEN == 0 {
                forgotten.push((tenant, stored.id));
            }
        }
    }
    let one_by_one = (singles * tenants.len()) as f64 / started.elapsed().as_secs_f64();
    let started = Instant::now();
    for tenant in &tenants {
        let mut at = singles;
        while at < options.memories {
            let end = options.memories.min(at + 1_000);
            tenant.store_all(&Scope::Private, (at..end).map(|number| draft(random, number)).collect())?;
            at = end;
        }
    }
    let (rest, took) = ((options.memories - singles) * tenants.len(), started.elapsed());
    // A memory that nobody deletes anything from is not one that people have.
    for (tenant, id) in forgotten {
        tenant.delete(&id)?;
    }
    Ok((one_by_one, rest as f64 / took.as_secs_f64()))
}

/// Opens what was stored, in a process that has done nothing else.
fn search_in(folder: &Path, options: &Options) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut random = Random(13);
    let started = Instant::now();
    let memory = open(folder, options)?;
    let tenants = tenants(&memory, options.namespaces);
    tenants[0].search(&Search::new("kalo"))?;
    writeln!(out, "open and first search: {:.0} ms", started.elapsed().as_secs_f64() * 1e3)?;
    for tenant in &tenants {
        tenant.search(&Search::new("kalo"))?;
    }
    let many = options.searches;
    writeln!(out, "search:                {}", searches(&tenants, &mut random, many, false)?)?;
    writeln!(out, "search with filters:   {}", searches(&tenants, &mut random, many, true)?)?;
    writeln!(out, "in memory: {}, at most {}", resident("VmRSS"), resident("VmHWM"))?;
    writeln!(out, "search during writes:  {}", during_writes(&tenants, &mut random, many)?)?;
    Ok(())
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(folder) = &options.search_in {
        return search_in(folder, &options);
    }
    let removed = tempfile::tempdir()?;
    let folder = options.keep_in.as_deref().unwrap_or(removed.path());
    let measured = measure(folder, &options);
    match &options.postgres {
        Some(url) if options.keep_in.is_none() => drop_schema(url, &schema(folder)).and(measured),
        _ => measured,
    }
}

/// Fills a folder, and searches it in another process.
fn measure(folder: &Path, options: &Options) -> Result<()> {
    let mut random = Random(7);
    let all = (options.memories * options.namespaces) as f64;
    let (one_by_one, batches) = fill(folder, options, &mut random)?;
    let derived = size(&folder.join("derived")) as f64;
    let stored = size(folder) as f64 - derived;
    let mut out = std::io::stdout();
    writeln!(out, "store, one by one: {one_by_one:.0}/s; batches of 1,000: {batches:.0}/s")?;
    writeln!(
        out,
        "on the disk: {:.0} bytes per memory, and {:.0} that are derived",
        stored / all,
        derived / all
    )?;
    let mut again = std::process::Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).arg("--search-in").arg(folder);
    anyhow::ensure!(again.status()?.success(), "the search failed");
    Ok(())
}
