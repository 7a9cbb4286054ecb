//! `manifest.json` of an MCPB bundle.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Checked, Runtime, put};

/// The version of the format.
const FORMAT: &str = "0.3";
/// The folder of a bundle in which the server is.
pub(super) const FOLDER: &str = "server";

/// The manifest of a bundle with a program.
#[must_use]
pub fn manifest(server: &Checked, program: &Path) -> Value {
    let runtime = Runtime::of(program);
    let file = program.file_name().unwrap_or_default().to_string_lossy();
    let entry = format!("{FOLDER}/{file}");
    let place = format!("${{__dirname}}/{entry}");
    let own = server.about.arguments.iter().cloned();
    let (command, arguments): (String, Vec<String>) = match runtime {
        Runtime::Binary => (place, own.collect()),
        Runtime::Node => ("node".to_owned(), [place].into_iter().chain(own).collect()),
        Runtime::Python => ("python3".to_owned(), [place].into_iter().chain(own).collect()),
    };
    let mut config = json!({ "command": command, "args": arguments });
    let about = &server.about;
    let variables: Map<String, Value> = about
        .variables
        .iter()
        .map(|name| (name.clone(), json!(format!("${{user_config.{}}}", key(name)))))
        .collect();
    put(&mut config, "env", (!variables.is_empty()).then_some(variables));
    let tools = server.asked.tools.iter().map(|tool| {
        let mut told = json!({ "name": tool.name });
        put(&mut told, "description", tool.description.clone().or_else(|| tool.title.clone()));
        told
    });
    let mut manifest = json!({ "manifest_version": FORMAT, "name": server.short });
    put(&mut manifest, "display_name", server.title());
    let more = json!({
        "version": server.version,
        "description": server.description,
        "author": { "name": about.author },
    });
    extend(&mut manifest, more);
    put(
        &mut manifest,
        "repository",
        about.repository.as_ref().map(|url| json!({ "type": "git", "url": url })),
    );
    put(&mut manifest, "homepage", server.asked.info.website_url.clone().filter(|url| super::is_url(url)));
    put(&mut manifest, "license", about.license.clone());
    let more = json!({
        "server": { "type": runtime.name(), "entry_point": entry, "mcp_config": config },
        "tools": tools.collect::<Vec<_>>(),
        "tools_generated": false,
    });
    extend(&mut manifest, more);
    // Prompts are rendered by the server, and the format wants their texts.
    put(&mut manifest, "prompts_generated", server.asked.has_prompts.then_some(true));
    let platform = (runtime == Runtime::Binary).then(|| json!({ "platforms": [platform()] }));
    put(&mut manifest, "compatibility", platform);
    let asked: Map<String, Value> = about.variables.iter().map(|name| (key(name), question(name))).collect();
    put(&mut manifest, "user_config", (!asked.is_empty()).then_some(asked));
    manifest
}

fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

fn key(variable: &str) -> String {
    variable.to_lowercase()
}

fn question(variable: &str) -> Value {
    let description = format!("What the server finds as {variable}.");
    json!({ "type": "string", "title": variable, "description": description, "sensitive": true, "required": true })
}

/// What Node.js calls this system.
const fn platform() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin"
    } else if cfg!(windows) {
        "win32"
    } else {
        "linux"
    }
}
