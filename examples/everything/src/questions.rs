//! Tools that ask: the person, the model, or for the roots. The same code on every revision.

use mcp_core::Args;
use mcp_core::protocol::{Capability, CreateMessage, FormSchema, RawJson, SamplingMessage};
use mcp_core::server::{Context, Elicit, Elicited, Inquiry, ListRoots, Sample, ToolEntry, ToolError, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize, JsonSchema)]
struct Prompt {
    /// What to ask the model.
    prompt: String,
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What to ask the person.
    message: String,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    ok: bool,
}

type Outcome = Result<String, ToolError>;

pub(crate) fn tools() -> Vec<ToolEntry> {
    vec![
        tool("test_sampling", sampling).description("Asks the client's model."),
        tool("test_elicitation", elicitation).description("Asks the person."),
        tool("test_elicitation_sep1034_defaults", defaults).description("Asks with defaults."),
        tool("test_elicitation_sep1330_enums", enums).description("Asks with choices of all kinds."),
        tool("test_streaming_elicitation", greet).description("Asks for a name."),
        tool("test_input_required_result_elicitation", greet).description("Asks for a name."),
        tool("test_input_required_result_sampling", async |context: Context| -> Outcome {
            let answer =
                context.ask("sample_request", question("What is the capital of France?", 100)).await?;
            Ok(format!("Sampling result: {}", answer.text()))
        })
        .description("Asks the client's model."),
        tool("test_input_required_result_list_roots", async |context: Context| -> Outcome {
            let answer = context.ask("roots_request", ListRoots).await?;
            Ok(format!("Found {} root(s)", answer.roots.len()))
        })
        .description("Asks for the client's roots."),
        tool("test_input_required_result_request_state", async |context: Context| -> Outcome {
            let answer = context.ask("confirm", Elicit::form::<Confirm>("Please confirm")).await?;
            Ok(format!("state-ok: {}", answer.accepted().is_some_and(|confirm| confirm.ok)))
        })
        .description("Asks, and checks the state that comes back."),
        tool("test_input_required_result_tampered_state", async |context: Context| -> Outcome {
            let answer = context.ask("confirm", Elicit::form::<Confirm>("Please confirm")).await?;
            Ok(format!("integrity-ok: {}", answer.accepted().is_some_and(|confirm| confirm.ok)))
        })
        .description("Asks, and refuses a state that was changed."),
        tool("test_input_required_result_multiple_inputs", several).description("Asks three things at once."),
        tool("test_input_required_result_multi_round", rounds)
            .description("Asks twice, one after the other."),
        tool("test_input_required_result_capabilities", capable)
            .description("Asks what the client can answer."),
    ]
}

/// A question to the client's model.
pub(crate) fn question(text: &str, max_tokens: u64) -> Sample {
    Sample(CreateMessage::new([SamplingMessage::user(text)], max_tokens))
}

async fn sampling(context: Context, Args(Prompt { prompt }): Args<Prompt>) -> Outcome {
    let answer = context.ask("sample", question(&prompt, 100)).await?;
    Ok(format!("LLM response: {}", answer.text()))
}

/// The answer to a form as the tests want to read it.
fn told(answer: Elicited<Map<String, Value>>) -> String {
    let (action, content) = match answer {
        Elicited::Accepted(content) => ("accept", Value::Object(content)),
        Elicited::Declined => ("decline", json!({})),
        Elicited::Cancelled => ("cancel", json!({})),
    };
    format!("action={action}, content={content}")
}

async fn elicitation(context: Context, Args(Message { message }): Args<Message>) -> Outcome {
    let form = FormSchema::new().string("response", |field| field.description("Your answer.").required());
    Ok(format!("User response: {}", told(context.ask("response", Elicit::with_schema(message, form)).await?)))
}

async fn defaults(context: Context) -> Outcome {
    let form = FormSchema::new()
        .string("name", |field| field.description("User name").default("John Doe"))
        .integer("age", |field| field.description("User age").default(30))
        .number("score", |field| field.description("User score").default(95.5))
        .choice("status", |field| {
            field.description("User status").options(["active", "inactive", "pending"]).default("active")
        })
        .boolean("verified", |field| field.description("Verification status").default(true));
    let answer = context.ask("defaults", Elicit::with_schema("Please review the form.", form)).await?;
    Ok(format!("Elicitation completed: {}", told(answer)))
}

async fn enums(context: Context) -> Outcome {
    let titled = |names: [&str; 3]| -> Vec<Value> {
        let values = ["value1", "value2", "value3"];
        values
            .into_iter()
            .zip(names)
            .map(|(value, title)| json!({ "const": value, "title": title }))
            .collect()
    };
    // Written by hand, since the builder makes no choices of the form that is deprecated.
    let schema = RawJson::from(json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
            "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"] },
            "untitledMulti": {
                "type": "array", "minItems": 1, "maxItems": 3,
                "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
            },
            "titledMulti": {
                "type": "array", "minItems": 1, "maxItems": 3,
                "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) }
            }
        }
    }));
    let answer = context.ask("choices", Elicit::with_schema("Please choose.", schema)).await?;
    Ok(format!("Elicitation completed: {}", told(answer)))
}

fn ask_name(message: &str) -> Elicit<Name> {
    Elicit::form::<Name>(message)
}

async fn greet(context: Context) -> Outcome {
    let name = context.ask("user_name", ask_name("What is your name?")).await?.accepted();
    Ok(name.map_or_else(|| "Hello, whoever you are!".into(), |Name { name }| format!("Hello, {name}!")))
}

async fn several(context: Context) -> Outcome {
    let (name, greeting, roots) = tokio::join!(
        context.ask("user_name", ask_name("What is your name?")),
        context.ask("greeting", question("Generate a greeting", 50)),
        context.ask("client_roots", ListRoots),
    );
    let name = name?.accepted().map(|Name { name }| name).unwrap_or_default();
    Ok(format!("{}, {name}! You work in {} root(s).", greeting?.text(), roots?.roots.len()))
}

async fn rounds(context: Context) -> Outcome {
    let name = context.ask("step1", ask_name("Step 1: What is your name?")).await?.accepted();
    let color =
        context.ask("step2", Elicit::form::<Color>("Step 2: What is your favorite color?")).await?.accepted();
    let (name, color) =
        (name.map(|n| n.name).unwrap_or_default(), color.map(|c| c.color).unwrap_or_default());
    Ok(format!("{name} likes {color}."))
}

async fn capable(context: Context) -> Outcome {
    let mut asked = Vec::new();
    if context.can(&Capability::ElicitationForm) {
        context.ask("user_name", ask_name("What is your name?")).await?;
        asked.push("elicitation");
    }
    if context.can(&Capability::Sampling) {
        context.ask("greeting", question("Generate a greeting", 50)).await?;
        asked.push("sampling");
    }
    if context.can(&ListRoots.capability()) {
        context.ask("client_roots", ListRoots).await?;
        asked.push("roots");
    }
    Ok(format!("Asked for: {}", asked.join(", ")))
}
