//! The catalogue of patterns as an engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
use mcp_patterns::recommend::{Budget, Context};
use mcp_patterns::source::{Directory, Entries, Format};
use mcp_patterns::starter::Starter;
use mcp_patterns::{Catalog, Entry, Kind, PatternError, Recommender, Request};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{IntoException, check_process};
use crate::json as convert;
use crate::python;

/// Entries, and what was learned of them.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Patterns")]
pub(crate) struct PyPatterns {
    catalog: Arc<Catalog>,
    recommender: Recommender,
    process: u32,
}

/// An entry as a program gives it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    description: String,
    body: String,
    #[serde(default = "skill")]
    kind: Kind,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
}

const fn skill() -> Kind {
    Kind::Skill
}

impl Given {
    fn entry(self) -> Entry {
        let mut entry = Entry::new(self.kind, self.name, self.description, self.body, "program");
        entry.triggers.keywords = self.keywords;
        entry.tags = self.tags;
        entry.seal()
    }
}

#[pymethods]
impl PyPatterns {
    /// Loads folders by their formats, entries of the program, and those that come with the package.
    #[new]
    #[pyo3(signature = (folders, entries, starter, learned=None))]
    fn new(
        py: Python<'_>,
        folders: Vec<(PathBuf, String)>,
        entries: &Bound<'_, PyAny>,
        starter: bool,
        learned: Option<PathBuf>,
    ) -> PyResult<Self> {
        let mut builder = Catalog::builder();
        for (folder, format) in folders {
            builder = builder.source(Directory::new(folder, format_of(&format)?));
        }
        let given: Vec<Given> = convert::to_rust(entries, "entries")?;
        if !given.is_empty() {
            let entries = given.into_iter().map(Given::entry).collect();
            builder = builder.source(Entries::new("program", entries));
        }
        if starter {
            builder = builder.source(Starter);
        }
        let made = py.detach(|| {
            let catalog = Arc::new(builder.build());
            let learner = match learned {
                Some(path) => Learner::open(path, Settings::default()),
                None => Learner::in_memory(Settings::default()),
            }?;
            Ok::<_, PatternError>((Arc::clone(&catalog), Recommender::new(catalog).learner(learner)))
        });
        let (catalog, recommender) = made.map_err(|error| error.into_exception(py))?;
        Ok(Self { catalog, recommender, process: std::process::id() })
    }

    #[allow(clippy::too_many_arguments, reason = "Python gives them all")]
    fn recommend(
        &self,
        py: Python<'_>,
        task: &str,
        context: &Bound<'_, PyAny>,
        limit: usize,
        tokens: usize,
        kinds: &Bound<'_, PyAny>,
        tenant: &str,
    ) -> PyResult<Py<PyAny>> {
        let context: Context = convert::to_rust(context, "context")?;
        let kinds: Vec<Kind> = convert::to_rust(kinds, "kinds")?;
        let budget = Budget { entries: limit, tokens };
        let request = Request { task, context, budget, tenant, at: now(), kinds, only: None };
        self.run(py, || {
            let found = self.recommender.recommend(&request)?;
            let picks: Vec<Value> = found
                .picks
                .iter()
                .map(|pick| {
                    json!({
                        "entry": *pick.entry,
                        "probability": pick.probability,
                        "parts": pick.parts,
                        "reasons": pick.reasons,
                        "tokens": pick.tokens,
                    })
                })
                .collect();
            Ok(json!({
                "exposure": found.exposure,
                "picks": picks,
                "left_out": found.left_out,
                "confidence": found.confidence,
                "tokens": found.tokens,
            }))
        })
    }

    #[allow(clippy::too_many_arguments, reason = "Python gives them all")]
    fn feedback(
        &self,
        py: Python<'_>,
        exposure: i64,
        entry: &str,
        outcome: &Bound<'_, PyAny>,
        principal: &str,
        tenant: &str,
        share: bool,
    ) -> PyResult<()> {
        let outcome: Outcome = convert::to_rust(outcome, "outcome")?;
        let feedback = Feedback { exposure, entry, outcome, principal, at: now(), share };
        self.run(py, || {
            // INVARIANT: the constructor gave it a learner.
            if let Some(learner) = self.recommender.learned() {
                learner.feedback(tenant, &feedback)?;
            }
            Ok(Value::Null)
        })
        .map(drop)
    }

    fn search(&self, py: Python<'_>, text: &str, limit: usize) -> PyResult<Py<PyAny>> {
        self.run(py, || {
            let found = self.recommender.search(text, limit);
            let found: Vec<Value> =
                found.iter().map(|(entry, score)| json!({ "entry": **entry, "score": score })).collect();
            Ok(Value::from(found))
        })
    }

    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Py<PyAny>> {
        check_process(self.process, "catalogue")?;
        let Some(entry) = self.catalog.get(id) else {
            let value = python::not_found_error(py)?.call1((format!("no entry `{id}`"),))?;
            return Err(PyErr::from_value(value));
        };
        Ok(convert::from_rust(py, &*entry)?.unbind())
    }

    fn entries(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.run(py, || {
            let entries = self.catalog.entries();
            let told = entries.iter().map(|entry| {
                json!({ "id": entry.id, "kind": entry.kind, "name": entry.name, "description": entry.description })
            });
            Ok(Value::from(told.collect::<Vec<_>>()))
        })
    }

    /// Reads the folders again; what is wrong with them.
    fn reload(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.run(py, || Ok(serde_json::to_value(&*self.catalog.reload()).unwrap_or_default()))
    }

    /// What came of loading.
    fn report(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.run(py, || Ok(serde_json::to_value(&*self.catalog.report()).unwrap_or_default()))
    }
}

impl PyPatterns {
    /// Works without the GIL.
    fn run(
        &self,
        py: Python<'_>,
        work: impl FnOnce() -> Result<Value, PatternError> + Send,
    ) -> PyResult<Py<PyAny>> {
        check_process(self.process, "catalogue")?;
        let value = py.detach(work).map_err(|error| error.into_exception(py))?;
        Ok(convert::from_rust(py, &value)?.unbind())
    }
}

fn format_of(name: &str) -> PyResult<Format> {
    Ok(match name {
        "skills" => Format::Skills { strict: false },
        "fabric" => Format::Fabric,
        "skill-rules" => Format::SkillRules,
        "commands" => Format::Commands,
        "agents" => Format::Agents,
        other => {
            let known = "skills, fabric, skill-rules, commands, agents";
            return Err(PyValueError::new_err(format!("format: `{other}` is none of {known}")));
        }
    })
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
