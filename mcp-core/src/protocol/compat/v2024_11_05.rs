//! 2024-11-05 beside 2025-03-26: no audio, no hints on tools, no words with progress.

use serde_json::Value;

use super::{
    Question, Step, no_question, nothing,
    parts::{Object, become_text, blocks, capabilities, definitions, kind, sampled_blocks, text},
};

pub(super) const STEP: Step = Step {
    revision: crate::protocol::ProtocolVersion::V2024_11_05,
    downgrade_result,
    downgrade_notification,
    downgrade_input_request,
    upgrade_params: nothing,
    upgrade_input_response: no_question,
};

fn downgrade_result(method: &str, result: &mut Value) {
    if method == "tools/list" {
        for tool in definitions(method, result) {
            tool.remove("annotations");
        }
    }
    blocks(method, result).into_iter().for_each(block);
    if let Some(capabilities) = capabilities(method, result) {
        capabilities.remove("completions");
    }
}

fn downgrade_notification(method: &str, params: &mut Value) {
    if let ("notifications/progress", Some(params)) = (method, params.as_object_mut()) {
        params.remove("message");
    }
}

fn downgrade_input_request(question: &Question<'_>, params: &mut Value) {
    if question.method == "sampling/createMessage" {
        sampled_blocks(params).into_iter().for_each(block);
    }
}

fn block(block: &mut Object) {
    if kind(block) == "audio" {
        let mime_type = text(block, "mimeType").unwrap_or("unknown type");
        let told = format!("[audio left out ({mime_type}): this revision of the protocol carries none]");
        become_text(block, &told);
    }
}
