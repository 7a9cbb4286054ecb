//! What other rules would have said: a log of events, decided by the rules in force and by those that may come.
//!
//! A log has a JSON object a line, as `tests` of rule files write events: `phase`, `session`, `tool`, `arguments`, …, and `after`, the time
//! since the line before.
//!
//! ```
//! use mcp_guardrails::simulate::simulate;
//! use mcp_guardrails::{Engine, Format, RuleSet};
//!
//! let engine = |rules| Engine::builder().build(RuleSet::parse(rules, "rules.yaml", Format::Yaml)?);
//! let (now, next) = (engine("rules: []")?, engine("rules: [{ id: no-rm, tool: rm, then: block }]")?);
//! let log = "{\"tool\":\"ls\"}\n{\"tool\":\"rm\"}\n";
//! let report = simulate(&now, &next, log, "log")?;
//! assert_eq!((report.events, report.differences.len()), (2, 1));
//! assert_eq!(report.differences[0].to_string(), "line 2, `rm`: allow becomes block by `no-rm`");
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

use std::collections::HashMap;
use std::fmt;

use crate::engine::{Decision, Engine};
use crate::event::Event;
use crate::parse::{RuleError, Sample};
use crate::rule::Effect;
use crate::state::Session;

/// What one event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The verdict.
    pub effect: Effect,
    /// The rule that speaks.
    pub rule: Option<String>,
}

/// An event that other rules decide in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of the log.
    pub line: usize,
    /// The event's tool; empty where it has none.
    pub tool: String,
    /// What the rules in force say.
    pub before: Said,
    /// What the others say.
    pub after: Said,
}

/// What a log comes to under both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulation {
    /// How many events there were.
    pub events: usize,
    /// How many of them the rules in force stop, and how many the others do.
    pub stopped: (usize, usize),
    /// Those that come to another effect.
    pub differences: Vec<Difference>,
}

/// Decides over the events of a log twice. `origin` names the log in errors.
///
/// # Errors
/// A line is no event.
pub fn simulate(now: &Engine, next: &Engine, log: &str, origin: &str) -> Result<Simulation, RuleError> {
    let (mut report, mut time) = (Simulation::default(), 0_u64);
    let mut sessions: [HashMap<String, Session>; 2] = Default::default();
    for (number, line) in log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let sample = Sample::parse(line, origin, number + 1)?;
        time = time.saturating_add(sample.milliseconds_after());
        let [before, after] = &mut sessions;
        let (before, after) = sample.with(time, |event| (said(now, before, event), said(next, after, event)));
        report.events += 1;
        report.stopped.0 += usize::from(before.effect >= Effect::RequireApproval);
        report.stopped.1 += usize::from(after.effect >= Effect::RequireApproval);
        if before.effect != after.effect {
            report.differences.push(Difference {
                line: number + 1,
                tool: sample.tool().to_owned(),
                before,
                after,
            });
        }
    }
    Ok(report)
}

fn said(engine: &Engine, sessions: &mut HashMap<String, Session>, event: &Event<'_>) -> Said {
    let session = sessions.entry(event.session.to_owned()).or_default();
    let decision: Decision = engine.step(session, event, false);
    let rule = decision.verdict().reason().map(|reason| reason.rule.to_string());
    Said { effect: decision.effect(), rule }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |said: &Said| said.rule.as_ref().map_or_else(String::new, |rule| format!(" by `{rule}`"));
        let (before, after) = (&self.before, &self.after);
        write!(
            f,
            "line {}, `{}`: {}{} becomes {}{}",
            self.line,
            self.tool,
            before.effect.name(),
            by(before),
            after.effect.name(),
            by(after)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, RuleSet};

    fn engine(rules: &str) -> Engine {
        Engine::builder().build(RuleSet::parse(rules, "rules", Format::Yaml).unwrap()).unwrap()
    }

    #[test]
    fn each_side_remembers_for_itself() {
        let sequence = "when: { sequence: { within: 10m, steps: [{ tool: read }, { tool: post }] } }";
        let now = engine(&format!("rules: [{{ id: a, tool: post, then: block, {sequence} }}]"));
        let next = engine(&format!(
            "rules: [{{ id: b, tool: read, then: block }}, {{ id: a, tool: post, then: block, {sequence} }}]"
        ));
        let log = concat!(
            r#"{"tool":"read","session":"s"}"#,
            "\n\n",
            r#"{"tool":"post","session":"s","after":"1m"}"#,
            "\n",
            r#"{"tool":"post","session":"t"}"#,
            "\n",
            r#"{"tool":"post","session":"s","after":"20m"}"#
        );
        let report = simulate(&now, &next, log, "log").unwrap();
        let said: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        // What the other rules block first is no step towards the second.
        assert_eq!(
            said,
            ["line 1, `read`: allow becomes block by `b`", "line 3, `post`: block by `a` becomes allow"]
        );
        assert_eq!((report.events, report.stopped), (4, (1, 1)));
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        let engine = engine("rules: []");
        let error = |log| simulate(&engine, &engine, log, "log").unwrap_err().to_string();
        assert_eq!(
            error("{\"tool\":\"a\"}\n{\"tol\":1}"),
            "log:2: `tol`: `tol` is not known here; did you mean `tool`?"
        );
        assert!(error("{").starts_with("log:1: "));
    }
}
