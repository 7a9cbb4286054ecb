//! Arguments that headers repeat, as the tools on record demand.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Draft;
use crate::protocol::header::{MirroredParam, mirrored_params};
use crate::protocol::{Method, Tool};

/// Tools with arguments that headers repeat, by name. Most servers have none.
#[derive(Debug, Default)]
pub(crate) struct Mirrors(RwLock<HashMap<String, Arc<[MirroredParam]>>>);

impl Mirrors {
    /// Learns from a definition. One whose annotations break the rules must not be offered.
    pub(crate) fn learn(&self, tool: &Tool) -> bool {
        match mirrored_params(&tool.input_schema) {
            Ok(params) if params.is_empty() => {
                if self.0.read().contains_key(&tool.name) {
                    self.0.write().remove(&tool.name);
                }
                true
            }
            Ok(params) => {
                self.0.write().insert(tool.name.clone(), params.into());
                true
            }
            Err(error) => {
                tracing::warn!(tool = tool.name, %error, "a tool is left out: its headers break the rules");
                false
            }
        }
    }

    /// The headers for a call.
    pub(crate) fn headers(&self, draft: &Draft) -> Vec<(String, String)> {
        let Some(name) = draft.name.as_ref().filter(|_| draft.method == Method::ToolsCall) else {
            return Vec::new();
        };
        let params = {
            let known = self.0.read();
            if known.is_empty() { None } else { known.get(name).cloned() }
        };
        let Some(params) = params else { return Vec::new() };
        let Some(arguments) = draft.arguments() else { return Vec::new() };
        params.iter().filter_map(|param| Some((param.header.clone(), param.encode(&arguments)?))).collect()
    }
}
