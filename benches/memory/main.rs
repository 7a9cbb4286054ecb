//! How fast a memory stores and finds, and how much room it takes. Encryption is on, and what is stored is on the disk.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use mcp_memory::{Access, Draft, Memory, Scope, Search, Tenant};

#[derive(Parser)]
struct Options {
    /// Memories in one namespace.
    #[arg(long, default_value_t = 100_000)]
    memories: usize,
    /// Searches.
    #[arg(long, default_value_t = 1_000)]
    searches: usize,
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

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn searches(tenant: &Tenant, random: &mut Random, many: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(many);
    for _ in 0..many {
        let query = format!("{} {} {}", random.word(), random.word(), random.word());
        let search = Search::new(query);
        let started = Instant::now();
        let found = tenant.search(&search)?;
        times.push(started.elapsed());
        anyhow::ensure!(!found.hits.is_empty(), "nothing was found");
    }
    Ok(times)
}

fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let mut out = std::io::stdout().lock();
    let mut random = Random(7);
    let access = || Access::new("acme", "ann");
    {
        let memory = Memory::open(folder.path())?;
        let ann = memory.of(access());
        let started = Instant::now();
        let singles = 2_000.min(options.memories);
        for _ in 0..singles {
            ann.store(&Scope::Private, Draft::new(random.text()))?;
        }
        writeln!(out, "store, one by one: {:.0}/s", singles as f64 / started.elapsed().as_secs_f64())?;
        let started = Instant::now();
        let mut left = options.memories - singles;
        while left > 0 {
            let batch: Vec<Draft> =
                (0..left.min(1_000)).map(|_| Draft::new(random.text()).tag("bench")).collect();
            left -= batch.len();
            ann.store_all(&Scope::Private, batch)?;
        }
        let rate = (options.memories - singles) as f64 / started.elapsed().as_secs_f64();
        writeln!(out, "store, batches of 1,000: {rate:.0}/s")?;
    }
    let bytes: u64 = std::fs::read_dir(folder.path())?
        .flatten()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    writeln!(out, "on the disk: {:.0} bytes per memory", bytes as f64 / options.memories as f64)?;
    let started = Instant::now();
    let memory = Memory::open(folder.path())?;
    let ann = memory.of(access());
    ann.search(&Search::new("kalo"))?;
    writeln!(out, "open and first search: {:.0} ms", started.elapsed().as_secs_f64() * 1e3)?;
    let mut times = searches(&ann, &mut random, options.searches)?;
    writeln!(
        out,
        "search: p50 {:.2} ms, p99 {:.2} ms",
        percentile(&mut times, 0.5),
        percentile(&mut times, 0.99)
    )?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    writeln!(out, "{resident}")?;
    Ok(())
}
