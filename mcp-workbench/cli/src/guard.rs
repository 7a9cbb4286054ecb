//! `mcp guard`: rules over prompts, calls, results and files.
//!
//! Exit codes: 0 as it should be, 1 something is wrong or was found, 2 a hook blocks (or the command line is wrong).

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use mcp_core::Client;
use mcp_guardrails::hook::{Answer, Hook, StateFile};
use mcp_guardrails::operate::{self, Loaded, Sources};
use mcp_guardrails::permission::Places;
use mcp_guardrails::skill::Words;
use mcp_guardrails::state::Guard as Decider;
use mcp_workbench::hook::{Hook as Remote, PATIENCE};
use serde_json::{Value, json};

const HELP: &str = "Examples:
  mcp guard hook --skills .claude/skills/skill-rules.json --pack destructive-commands < hook.json
  mcp guard hook --url http://127.0.0.1:8080/mcp/guardrails < hook.json      by the rules of a stack that runs
  mcp guard lint --skills .claude/skills/skill-rules.json --prompts ordinary.txt
  mcp guard test --rules rules.yaml --json
  mcp guard explain --rules rules.yaml '{\"tool\": \"git_push\", \"arguments\": {\"force\": true}}'
  mcp guard simulate --rules rules.yaml --next next.yaml calls.jsonl";

/// Rules over prompts, calls, results and files.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Guard {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer one hook of Claude Code: its JSON on standard input, text and exit code as the answer.
    Hook(HookOptions),
    /// Say what is slow, untested or fires too often.
    Lint {
        #[command(flatten)]
        from: From,
        /// Prompts that should activate no skill, one a line.
        #[arg(long)]
        prompts: Option<PathBuf>,
        /// Exit with 1 where something was found.
        #[arg(long)]
        check: bool,
    },
    /// Run the tests of the rules.
    Test {
        #[command(flatten)]
        from: From,
    },
    /// Say what an event comes to, and why.
    Explain {
        #[command(flatten)]
        from: From,
        /// The event as tests of rule files write it, in JSON; `-` reads it from standard input.
        event: String,
    },
    /// Replay a log of events under the rules in force and under others.
    Simulate {
        #[command(flatten)]
        from: From,
        /// Files of the rules that may come.
        #[arg(long, required = true)]
        next: Vec<PathBuf>,
        /// The log: an event a line.
        log: PathBuf,
        /// Exit with 1 where an event is decided differently.
        #[arg(long)]
        check: bool,
    },
}

/// Where rules come from.
#[derive(Args)]
struct From {
    /// Files of rules.
    #[arg(long)]
    rules: Vec<PathBuf>,
    /// Rules that are ready, e.g. `destructive-commands`.
    #[arg(long)]
    pack: Vec<String>,
    /// A skill-rules.json.
    #[arg(long)]
    skills: Option<PathBuf>,
    /// Keywords of skills count within words, too, as the original hook has it.
    #[arg(long)]
    anywhere: bool,
    /// A settings.json of Claude Code with permission lists.
    #[arg(long)]
    permissions: Option<PathBuf>,
    /// The folder in which paths of permissions begin (default: the present one).
    #[arg(long)]
    project: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct HookOptions {
    #[command(flatten)]
    from: From,
    /// Where sessions are remembered.
    #[arg(long, default_value = ".claude/hooks/state")]
    state: PathBuf,
    /// What rules call the place where this runs, e.g. `production`.
    #[arg(long, default_value = "")]
    environment: String,
    /// Take a skill for used once it has blocked, as the original hook has it.
    #[arg(long)]
    blocks_once: bool,
    /// Let go on what could not be decided because the rules cannot be used.
    #[arg(long)]
    fail_open: bool,
    /// Ask the guardrails of a stack that runs, and let it remember the session, e.g. http://127.0.0.1:8080/mcp/guardrails.
    #[arg(long, conflicts_with_all = ["rules", "pack", "skills", "permissions", "state", "blocks_once"])]
    url: Option<String>,
}

impl From {
    fn load(&self) -> anyhow::Result<Loaded> {
        let words = if self.anywhere { Words::Anywhere } else { Words::Whole };
        let project = match &self.project {
            Some(project) => project.clone(),
            None => {
                std::env::current_dir().context("the present folder is not known: name it with --project")?
            }
        };
        let home = std::env::var("HOME").unwrap_or_default();
        let places = Places::new(project.to_string_lossy(), home);
        let sources = Sources {
            rules: self.rules.clone(),
            packs: self.pack.clone(),
            skills: self.skills.clone().map(|path| (path, words)),
            permissions: self.permissions.clone().map(|path| (path, places)),
        };
        let loaded = sources.load()?;
        anyhow::ensure!(
            !loaded.sets.is_empty(),
            "no rules: name some with --rules, --pack, --skills or --permissions"
        );
        Ok(loaded)
    }

    /// Writes a report.
    fn say(&self, report: &impl serde::Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(report)? + "\n" } else { text() };
        write(&text)
    }
}

fn write(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("standard output cannot be written")
}

fn input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
    Ok(text)
}

impl Guard {
    /// A token is for guardrails that are asked elsewhere.
    pub(crate) async fn run(self, token: Option<String>) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Hook(options) => options.run(token).await,
            Command::Lint { from, prompts, check } => lint(&from, prompts.as_deref(), check),
            Command::Test { from } => test(&from),
            Command::Explain { from, event } => explain(&from, event),
            Command::Simulate { from, next, log, check } => simulate(&from, next, &log, check),
        }
    }
}

fn code(failed: bool) -> ExitCode {
    ExitCode::from(u8::from(failed))
}

fn lint(from: &From, prompts: Option<&Path>, check: bool) -> anyhow::Result<ExitCode> {
    let prompts = match prompts {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?
        }
        None => String::new(),
    };
    let prompts: Vec<String> =
        prompts.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    let linted = operate::lint(&from.load()?, &prompts)?;
    from.say(&linted, || {
        let findings = linted
            .findings
            .iter()
            .map(|found| format!("{}: `{}` {}\n", found.about, found.text, found.problem));
        let count = format!("{} of {} prompts activate a skill\n", linted.activated, linted.prompts);
        findings.chain((linted.prompts > 0).then_some(count)).collect()
    })?;
    Ok(code(check && !linted.findings.is_empty()))
}

fn test(from: &From) -> anyhow::Result<ExitCode> {
    let tested = operate::test(&from.load()?);
    from.say(&tested, || {
        let line = |set: &operate::Tested| match &set.error {
            None => format!("ok    {}: {} rules, {} tests\n", set.set, set.rules, set.tests),
            Some(error) => format!("FAIL  {error}\n"),
        };
        tested.iter().map(line).collect()
    })?;
    Ok(code(tested.iter().any(|set| set.error.is_some())))
}

fn explain(from: &From, event: String) -> anyhow::Result<ExitCode> {
    let event = if event == "-" { input()? } else { event };
    let explained = operate::explain(&from.load()?.engine()?, &event)?;
    from.say(&explained, || {
        let by = explained.rule.as_ref().map_or_else(String::new, |rule| format!(" by `{rule}`"));
        let said = explained.message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
        let mut text = format!("{}{by}{said}\n", explained.verdict);
        for rule in &explained.rules {
            text += &match &rule.failing {
                None => format!("  {}: applies ({})\n", rule.rule, rule.effect),
                Some(failing) => format!("  {}: would {}, but not: {failing}\n", rule.rule, rule.effect),
            };
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

fn simulate(from: &From, next: Vec<PathBuf>, log: &Path, check: bool) -> anyhow::Result<ExitCode> {
    let next = Sources { rules: next, ..Sources::default() }.load()?.engine()?;
    let report = operate::replay(&from.load()?.engine()?, &next, log)?;
    let differences: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
    let (stopped, then) = report.stopped;
    let shown = json!({ "events": report.events, "stopped": stopped, "stopped_then": then, "differences": differences });
    from.say(&shown, || {
        let lines = differences.iter().map(|line| format!("{line}\n"));
        let sum = format!("{} events: {stopped} stopped now, {then} then\n", report.events);
        lines.chain([sum]).collect()
    })?;
    Ok(code(check && !differences.is_empty()))
}

impl HookOptions {
    async fn run(self, token: Option<String>) -> anyhow::Result<ExitCode> {
        let text = input()?;
        let answered = match &self.url {
            Some(url) => self.elsewhere(&text, url, token).await,
            None => self.answer(&text),
        };
        let answer = match answered {
            Ok(answer) => answer,
            // Without rules nobody knows whether this is safe: it is blocked, unless the owner chose otherwise.
            Err(error) => Answer {
                stderr: format!("the guardrails cannot be used: {error:#}\n"),
                code: if self.fail_open { 1 } else { 2 },
                ..Answer::default()
            },
        };
        if self.from.json {
            let shown: Value =
                json!({ "stdout": answer.stdout, "stderr": answer.stderr, "code": answer.code });
            write(&format!("{shown}\n"))?;
        } else {
            write(&answer.stdout)?;
            std::io::stderr()
                .write_all(answer.stderr.as_bytes())
                .context("standard error cannot be written")?;
        }
        Ok(ExitCode::from(u8::try_from(answer.code).unwrap_or(2)))
    }

    /// By the rules of a stack that runs.
    async fn elsewhere(&self, text: &str, url: &str, token: Option<String>) -> anyhow::Result<Answer> {
        let hook = Remote::read(text, &self.environment, |path| std::fs::read_to_string(path).ok())?;
        if hook.is_empty() {
            return Ok(Answer::default());
        }
        let mut client =
            Client::builder("mcp-guard-hook", env!("CARGO_PKG_VERSION")).connect_timeout(PATIENCE);
        if let Some(token) = token.or_else(|| std::env::var("MCP_TOKEN").ok()) {
            client = client.bearer(&token)?;
        }
        let client = client.connect(url).await.with_context(|| format!("cannot connect to {url}"))?;
        let answer = hook.ask(&client).await;
        client.close().await;
        Ok(answer?)
    }

    fn answer(&self, text: &str) -> anyhow::Result<Answer> {
        let loaded = self.from.load()?;
        let store = Arc::new(StateFile::new(&self.state));
        let mut hook =
            Hook::new(Decider::new(Arc::new(loaded.engine()?), store)).environment(self.environment.clone());
        if let Some(skills) = loaded.skills {
            let names: Vec<String> = skills.variables().map(str::to_owned).collect();
            for name in names {
                if let Ok(value) = std::env::var(&name) {
                    hook = hook.variable(name, value);
                }
            }
            hook = hook.skills(skills);
        }
        if self.blocks_once {
            hook = hook.blocks_once();
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Ok(hook.answer(text, now, &|path| std::fs::read_to_string(path).ok()))
    }
}
