//! The guardrails as an engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mcp_guardrails::layer;
use mcp_guardrails::{
    Decision, Engine, Event, FileEdit, Format, MASK, Phase, Place, RuleError, RuleSet, pack,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::IntoException;
use crate::json as convert;

/// Rules in force.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Guardrails")]
pub(crate) struct PyGuardrails {
    engine: Arc<Engine>,
}

/// What happens, as it is told from Python.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Happening {
    phase: Option<String>,
    prompt: Option<String>,
    tool: Option<String>,
    arguments: Option<Value>,
    result: Option<Value>,
    definition: Option<Value>,
    path: Option<String>,
    content: Option<String>,
    exists: bool,
    session: String,
    user: String,
    tenant: String,
    roles: Vec<String>,
    environment: String,
    server: String,
    labels: Vec<String>,
    variables: BTreeMap<String, String>,
    time: u64,
}

#[pymethods]
impl PyGuardrails {
    /// Puts rules in force: texts with their formats, files, and packs by name.
    #[new]
    fn new(
        py: Python<'_>,
        texts: Vec<(String, String)>,
        files: Vec<PathBuf>,
        packs: Vec<String>,
    ) -> PyResult<Self> {
        let sets = sets(py, &texts, &files, &packs)?;
        let engine = py.detach(|| Engine::builder().build(sets));
        Ok(Self { engine: Arc::new(engine.map_err(|error| error.into_exception(py))?) })
    }

    /// Puts other rules in force; those in force stay where these cannot be used.
    fn replace(
        &self,
        py: Python<'_>,
        texts: Vec<(String, String)>,
        files: Vec<PathBuf>,
        packs: Vec<String>,
    ) -> PyResult<()> {
        let sets = sets(py, &texts, &files, &packs)?;
        py.detach(|| self.engine.replace(sets)).map_err(|error| error.into_exception(py))
    }

    /// What the rules say of something that happens.
    fn evaluate(&self, py: Python<'_>, event: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let happening = Happening::read(event)?;
        let told = py.detach(|| {
            let decision = happening.with_event(|event| self.engine.decide(event))?;
            Ok::<_, String>(report(&decision, &happening))
        });
        Ok(convert::from_rust(py, &told.map_err(PyValueError::new_err)?)?.unbind())
    }

    /// Why rules apply, and what keeps others from it.
    fn explain(&self, py: Python<'_>, event: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let happening = Happening::read(event)?;
        let told = py.detach(|| happening.with_event(|event| self.engine.explain(event)));
        let rules = told.map_err(PyValueError::new_err)?.rules;
        let rules: Vec<Value> = rules
            .iter()
            .map(|rule| {
                json!({
                    "rule": rule.rule,
                    "effect": rule.effect.map(|effect| effect.name()),
                    "applies": rule.failing.is_none(),
                    "failing": rule.failing,
                    "nearness": rule.nearness,
                })
            })
            .collect();
        Ok(convert::from_rust(py, &rules)?.unbind())
    }

    /// The ids of the rules in force.
    fn rules(&self) -> Vec<String> {
        self.engine.rules().iter().map(|rule| rule.id.to_string()).collect()
    }

    /// The names of the packs.
    #[staticmethod]
    fn packs() -> Vec<&'static str> {
        pack::names().collect()
    }
}

impl PyGuardrails {
    /// The same rules before a server. What replaces them here replaces them there.
    pub(crate) fn before(&self, server: &str) -> layer::Guardrails {
        layer::Guardrails::builder(Arc::clone(&self.engine)).server(server).build()
    }
}

fn sets(
    py: Python<'_>,
    texts: &[(String, String)],
    files: &[PathBuf],
    packs: &[String],
) -> PyResult<RuleSet> {
    let mut sets = Vec::new();
    let failed = |error: RuleError| error.into_exception(py);
    for (text, format) in texts {
        let format = match format.as_str() {
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            "toml" => Format::Toml,
            other => {
                return Err(PyValueError::new_err(format!("format: `{other}` is none of yaml, json, toml")));
            }
        };
        sets.push(RuleSet::parse(text, "rules", format).map_err(failed)?);
    }
    for file in files {
        sets.push(RuleSet::open(file).map_err(failed)?);
    }
    for name in packs {
        let Some(set) = pack::named(name) else {
            let known = pack::names().collect::<Vec<_>>().join(", ");
            return Err(PyValueError::new_err(format!("packs: there is no `{name}`; there are {known}")));
        };
        sets.push(set.map_err(failed)?);
    }
    // The tests of a set are about that set alone, so only a single one keeps them.
    match sets.len() {
        1 => Ok(sets.remove(0)),
        _ => Ok(pack::together(sets)),
    }
}

impl Happening {
    fn read(event: &Bound<'_, PyAny>) -> PyResult<Self> {
        convert::to_rust(event, "event")
    }

    fn phase(&self) -> Result<Phase, String> {
        if let Some(name) = &self.phase {
            return Phase::of(name).ok_or_else(|| {
                let known = Phase::ALL.map(Phase::name).join(", ");
                format!("phase: `{name}` is none of {known}")
            });
        }
        let tool = self.tool.is_some();
        match () {
            () if self.prompt.is_some() => Ok(Phase::Prompt),
            () if tool && self.definition.is_some() => Ok(Phase::List),
            () if tool && self.result.is_some() => Ok(Phase::Result),
            () if tool => Ok(Phase::Call),
            () if self.path.is_some() => Ok(Phase::File),
            () => Err("an event needs a `prompt`, a `tool` or a `path`".to_owned()),
        }
    }

    /// Lends what happens to `look`.
    fn with_event<R>(&self, look: impl FnOnce(&Event<'_>) -> R) -> Result<R, String> {
        let nothing = Value::Object(serde_json::Map::new());
        let tool = self.tool.as_deref().unwrap_or_default();
        let arguments = self.arguments.as_ref().unwrap_or(&nothing);
        let (content, path) = (self.content.as_deref(), self.path.as_deref().unwrap_or_default());
        let mut event = match self.phase()? {
            Phase::Prompt => Event::prompt(self.prompt.as_deref().unwrap_or_default()),
            Phase::List => Event::list(tool, self.definition.as_ref().unwrap_or(&nothing)),
            Phase::Call => Event::call(tool, arguments),
            Phase::Result => Event::result(tool, arguments, self.result.as_ref().unwrap_or(&Value::Null)),
            Phase::File => Event::file(FileEdit { path, content, exists: self.exists }),
            Phase::End => Event::end(),
        };
        let roles: Vec<&str> = self.roles.iter().map(String::as_str).collect();
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        event.session = &self.session;
        event.user = &self.user;
        event.tenant = &self.tenant;
        event.environment = &self.environment;
        event.server = &self.server;
        event.time = self.time;
        event.roles = &roles;
        event.labels = &labels;
        event.variables = &variables;
        Ok(look(&event))
    }
}

fn report(decision: &Arc<Decision>, happening: &Happening) -> Value {
    let reason = decision.verdict().reason();
    let place = |place: &Place| {
        json!({
            "field": place.field,
            "start": place.span.as_ref().map(|span| span.start),
            "end": place.span.as_ref().map(|span| span.end),
        })
    };
    let mut told = json!({
        "effect": decision.effect().name(),
        "rule": reason.map(|reason| &*reason.rule),
        "message": reason.map(|reason| reason.message.as_str()),
        "places": reason.map(|reason| reason.places.iter().map(place).collect::<Vec<_>>()).unwrap_or_default(),
        "rules": decision.rules().collect::<Vec<_>>(),
        "skills": decision.skills(),
        "undefined": decision.undefined().collect::<Vec<_>>(),
        "complete": decision.is_complete(),
        "redacted": null,
    });
    if !decision.redactions().is_empty() {
        let mut redacted = serde_json::Map::new();
        if let Some(prompt) = &happening.prompt {
            redacted.insert("prompt".into(), decision.redact_text("prompt", prompt, MASK).into());
        }
        for (root, value) in [("arguments", &happening.arguments), ("result", &happening.result)] {
            if let Some(mut value) = value.clone() {
                decision.redact(root, &mut value, MASK);
                redacted.insert(root.into(), value);
            }
        }
        told["redacted"] = redacted.into();
    }
    told
}
