use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::protocol::{
    CallToolResult, Capability, ClientCapabilities, ContentBlock, ElicitResult, Elicitation, FormSchema,
    GetPromptResult, InputRequest, ListToolsResult, PromptMessage, RawJson, Resource, ResourceContents,
    validate_answer,
};

const ALL: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The revision of a date.
fn v(date: &str) -> ProtocolVersion {
    date.parse().unwrap()
}

#[test]
fn the_newest_revision_is_left_alone() {
    let result = json!({"resultType": "complete", "structuredContent": 1, "ttlMs": 5, "content": []});
    assert_eq!(downgrade_result(v("2026-07-28"), "tools/call", result.clone()), result);
    assert_eq!(upgrade_params(v("2026-07-28"), "initialize", result.clone()), result);
}

#[test]
fn results_lose_what_is_new_around_them() {
    let result = json!({
        "resultType": "complete", "ttlMs": 1, "cacheScope": "public", "tools": [],
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s", "version": "1"}},
    });
    for version in ALL {
        assert_eq!(downgrade_result(v(version), "tools/list", result.clone()), json!({"tools": []}));
    }
    let kept = json!({"_meta": {"io.modelcontextprotocol/serverInfo": {}, "a/b": 1}});
    assert_eq!(downgrade_result(v("2025-11-25"), "x", kept), json!({"_meta": {"a/b": 1}}));
}

#[test]
fn structured_content_was_an_object_and_before_that_text() {
    let check = |version: &str, structured: Value, expect: Value| {
        let result = json!({"content": [], "structuredContent": structured});
        assert_eq!(downgrade_result(v(version), "tools/call", result), expect, "{version}");
    };
    let same = json!({"content": [], "structuredContent": {"a": 1}});
    let wrapped = json!({"content": [], "structuredContent": {"result": [1]}});
    for version in ["2025-06-18", "2025-11-25"] {
        check(version, json!({"a": 1}), same.clone());
        check(version, json!([1]), wrapped.clone());
        check(version, json!(null), json!({"content": [], "structuredContent": {"result": null}}));
    }
    for version in ["2024-11-05", "2025-03-26"] {
        check(version, json!({"a": 1}), json!({"content": [{"type": "text", "text": "{\"a\":1}"}]}));
    }
    let told = json!({"content": [{"type": "text", "text": "t"}], "structuredContent": {"a": 1}});
    let expect = json!({"content": [{"type": "text", "text": "t"}]});
    assert_eq!(downgrade_result(v("2025-03-26"), "tools/call", told), expect);
}

#[test]
fn output_schemas_follow_the_content_they_describe() {
    let check = |schema: Value, expect: Value| {
        let tools =
            json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}, "outputSchema": schema}]});
        let old = downgrade_result(v("2025-11-25"), "tools/list", tools.clone());
        assert_eq!(old["tools"][0]["outputSchema"], expect, "{tools}");
        let older = downgrade_result(v("2025-03-26"), "tools/list", tools);
        assert_eq!(older["tools"][0], json!({"name": "t", "inputSchema": {"type": "object"}}));
    };
    let wrap =
        |schema: Value| json!({"type": "object", "properties": {"result": schema}, "required": ["result"]});
    check(json!({"type": "object", "x": 1}), json!({"type": "object", "x": 1}));
    check(json!({"type": ["object"]}), json!({"type": "object"}));
    check(
        json!({"type": "object", "properties": {"a": true, "b": false}}),
        json!({"type": "object", "properties": {"a": {}, "b": {"not": {}}}}),
    );
    check(json!({"type": "array", "items": {}}), wrap(json!({"type": "array", "items": {}})));
    check(json!({"type": ["string", "null"]}), wrap(json!({"type": ["string", "null"]})));
    let mut hoisted = wrap(json!({"type": "array", "items": {"$ref": "#/$defs/a"}}));
    hoisted["$defs"] = json!({"a": {"type": "string"}});
    hoisted["$schema"] = json!("s");
    check(
        json!({"$schema": "s", "type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "string"}}}),
        hoisted,
    );
    for dropped in [
        json!({}),
        json!({"oneOf": [{"type": "string"}]}),
        json!({"type": ["object", "null"]}),
        json!({"type": "array", "items": {"$ref": "#"}}),
        json!({"type": "array", "$defs": {"a": {"anyOf": [{"$ref": "#/items"}]}}}),
        json!({"type": "array", "$id": "https://a.b/c"}),
        json!(true),
    ] {
        check(dropped, Value::Null);
    }
}

#[test]
fn definitions_lose_what_their_revision_did_not_know() {
    let tool = json!({
        "name": "t", "title": "T", "inputSchema": {"type": "object"}, "icons": [{"src": "data:,"}],
        "annotations": {"readOnlyHint": true}, "_meta": {"a/b": 1},
    });
    let check = |version: &str, lost: &[&str], expect_title: Option<&str>| {
        let old = downgrade_result(v(version), "tools/list", json!({"tools": [tool.clone()]}));
        let names: Vec<&str> = ["name", "title", "inputSchema", "icons", "annotations", "_meta"]
            .into_iter()
            .filter(|name| old["tools"][0].get(*name).is_none())
            .collect();
        assert_eq!(names, lost, "{version}");
        assert_eq!(old["tools"][0]["annotations"]["title"].as_str(), expect_title, "{version}");
    };
    check("2025-11-25", &[], None);
    check("2025-06-18", &["icons"], None);
    check("2025-03-26", &["title", "icons", "_meta"], Some("T"));
    check("2024-11-05", &["title", "icons", "annotations", "_meta"], None);

    let prompts =
        json!({"prompts": [{"name": "p", "title": "P", "arguments": [{"name": "a", "title": "A"}]}]});
    let old = downgrade_result(v("2025-03-26"), "prompts/list", prompts);
    assert_eq!(old, json!({"prompts": [{"name": "p", "arguments": [{"name": "a"}]}]}));
    for (method, key) in [("resources/list", "resources"), ("resources/templates/list", "resourceTemplates")]
    {
        let one = json!({"name": "r", "title": "R", "icons": [], "_meta": {}, "annotations": {"lastModified": "x", "priority": 1}});
        let old = downgrade_result(v("2024-11-05"), method, json!({key: [one]}));
        assert_eq!(old, json!({key: [{"name": "r", "annotations": {"priority": 1}}]}));
    }
}

#[test]
fn the_server_names_itself_in_the_words_of_the_time() {
    let result = json!({
        "protocolVersion": "v", "capabilities": {"completions": {}, "tasks": {}, "tools": {}},
        "serverInfo": {"name": "s", "version": "1", "title": "S", "description": "d", "websiteUrl": "u", "icons": []},
    });
    let check = |version: &str, info: Value, capabilities: Value| {
        let old = downgrade_result(v(version), "initialize", result.clone());
        assert_eq!((&old["serverInfo"], &old["capabilities"]), (&info, &capabilities), "{version}");
    };
    check("2025-11-25", result["serverInfo"].clone(), result["capabilities"].clone());
    let plain = json!({"completions": {}, "tools": {}});
    check("2025-06-18", json!({"name": "s", "version": "1", "title": "S"}), plain.clone());
    check("2025-03-26", json!({"name": "s", "version": "1"}), plain);
    check("2024-11-05", json!({"name": "s", "version": "1"}), json!({"tools": {}}));
}

#[test]
fn blocks_become_what_their_revision_could_show() {
    let link = Resource::new("file:///a", "a").title("A").icon(crate::protocol::Icon::new("data:,"));
    let blocks = [ContentBlock::audio("AA==", "audio/wav"), ContentBlock::resource_link(link)];
    let check = |version: &str, audio: Value, link: Value| {
        let result = serde_json::to_value(CallToolResult::new(blocks.clone())).unwrap();
        assert_eq!(
            downgrade_result(v(version), "tools/call", result)["content"],
            json!([audio, link]),
            "{version}"
        );
        let result = GetPromptResult::new(blocks.clone().map(PromptMessage::user));
        let old = downgrade_result(v(version), "prompts/get", serde_json::to_value(result).unwrap());
        assert_eq!((&old["messages"][0]["content"], &old["messages"][1]["content"]), (&audio, &link));
    };
    let audio = json!({"type": "audio", "data": "AA==", "mimeType": "audio/wav"});
    let mut link = json!({"type": "resource_link", "uri": "file:///a", "name": "a", "title": "A"});
    check("2025-06-18", audio.clone(), link.clone());
    link["icons"] = json!([{"src": "data:,"}]);
    check("2025-11-25", audio.clone(), link);
    let link = json!({"type": "text", "text": "A: file:///a"});
    check("2025-03-26", audio, link.clone());
    let audio = json!({"type": "text", "text": "[audio left out (audio/wav): this revision of the protocol carries none]"});
    check("2024-11-05", audio, link);
}

#[test]
fn notifications_lose_what_is_new() {
    let progress = json!({"progressToken": 1, "progress": 2, "message": "m"});
    let check = |version: &str, expect: Value| {
        assert_eq!(downgrade_notification(v(version), "notifications/progress", progress.clone()), expect);
    };
    check("2025-03-26", progress.clone());
    check("2024-11-05", json!({"progressToken": 1, "progress": 2}));
    let updated = json!({"uri": "a:b", "_meta": {"io.modelcontextprotocol/subscriptionId": 3}});
    let old = downgrade_notification(v("2025-11-25"), "notifications/resources/updated", updated);
    assert_eq!(old, json!({"uri": "a:b"}));
}

#[test]
fn clients_promise_only_what_their_revision_knows() {
    let params = json!({"capabilities": {
        "roots": {"listChanged": true}, "sampling": {"tools": {}}, "elicitation": {"url": {}}, "tasks": {},
    }});
    use Capability as C;
    let check = |version: &str, expect: &[C]| {
        let new = upgrade_params(v(version), "initialize", params.clone());
        let client: ClientCapabilities = serde_json::from_value(new["capabilities"].clone()).unwrap();
        for one in [C::Roots, C::Sampling, C::SamplingTools, C::ElicitationForm, C::ElicitationUrl] {
            assert_eq!(client.has(&one), expect.contains(&one), "{version} {one:?}");
        }
    };
    check("2025-11-25", &[C::Roots, C::Sampling, C::SamplingTools, C::ElicitationUrl]);
    check("2025-06-18", &[C::Roots, C::Sampling, C::ElicitationForm]);
    check("2025-03-26", &[C::Roots, C::Sampling]);
    check("2024-11-05", &[C::Roots, C::Sampling]);
}

#[test]
fn an_address_bears_an_id_or_becomes_words() {
    let ask = serde_json::to_value(Elicitation::url("Log in", "https://a.b/")).unwrap();
    let old = downgrade_input_request(v("2025-11-25"), "elicitation/create", ask.clone(), "id-1");
    let expect = json!({"mode": "url", "message": "Log in", "url": "https://a.b/", "elicitationId": "id-1"});
    assert_eq!(old, expect);
    let older = downgrade_input_request(v("2025-06-18"), "elicitation/create", ask, "id-1");
    let expect =
        json!({"message": "Log in\nhttps://a.b/", "requestedSchema": {"type": "object", "properties": {}}});
    assert_eq!(older, expect);
}

fn form() -> FormSchema {
    FormSchema::new()
        .string("name", |f| f.default("x"))
        .boolean("sure", |f| f.default(true))
        .choice("size", |f| f.options(["s", "l"]).default("s"))
        .choice("plan", |f| f.titled("f", "Free").titled("p", "Pro"))
        .choices("tags", |f| f.description("Labels.").options(["a", "b"]).min_items(1))
        .choices("days", |f| f.titled("mo", "Monday").titled("tu", "Tuesday"))
}

#[test]
fn forms_were_simpler() {
    let ask = serde_json::to_value(Elicitation::form("Well?", form())).unwrap();
    assert_eq!(downgrade_input_request(v("2025-11-25"), "elicitation/create", ask.clone(), ""), ask);
    let old = downgrade_input_request(v("2025-06-18"), "elicitation/create", ask, "");
    let expect = json!({"message": "Well?", "requestedSchema": {"type": "object", "properties": {
        "name": {"type": "string"},
        "sure": {"type": "boolean", "default": true},
        "size": {"type": "string", "enum": ["s", "l"]},
        "plan": {"type": "string", "enum": ["f", "p"], "enumNames": ["Free", "Pro"]},
        "tags": {"type": "string", "description": "Labels. Any of these, separated by commas: a, b"},
        "days": {"type": "string", "description": "Any of these, separated by commas: mo (Monday), tu (Tuesday)"},
    }}});
    assert_eq!(old, expect);
}

#[test]
fn answers_to_simple_forms_are_answers_to_the_form_asked() {
    let ask = serde_json::to_value(Elicitation::form("Well?", form())).unwrap();
    let answer =
        json!({"action": "accept", "content": {"plan": "p", "tags": " a ,b,", "days": "Monday, tu"}});
    let new = upgrade_input_response(v("2025-06-18"), "elicitation/create", &ask, answer.clone());
    assert_eq!(new["content"], json!({"plan": "p", "tags": ["a", "b"], "days": ["mo", "tu"]}));
    let result: ElicitResult = serde_json::from_value(new).unwrap();
    assert_eq!(validate_answer(&form().build(), &result.content.unwrap()), Ok(()));
    assert_eq!(upgrade_input_response(v("2025-11-25"), "elicitation/create", &ask, answer.clone()), answer);
    let refused = json!({"action": "decline"});
    assert_eq!(upgrade_input_response(v("2025-06-18"), "elicitation/create", &ask, refused.clone()), refused);
}

#[test]
fn conversations_had_one_block_a_message_and_no_tools() {
    let params = json!({
        "messages": [
            {"role": "user", "content": {"type": "text", "text": "q", "_meta": {}}},
            {"role": "assistant", "_meta": {}, "content": [
                {"type": "text", "text": "a"},
                {"type": "tool_use", "id": "1", "name": "t", "input": {"x": 1}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "toolUseId": "1", "content": [{"type": "text", "text": "r"}], "structuredContent": [1]},
            ]},
            {"role": "user", "content": {"type": "audio", "data": "", "mimeType": "audio/wav"}},
        ],
        "maxTokens": 5, "tools": [{"name": "t", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"}}],
        "toolChoice": {"mode": "auto"},
    });
    let old = |version| downgrade_input_request(v(version), "sampling/createMessage", params.clone(), "");
    let newer = old("2025-11-25");
    assert_eq!(newer["messages"][2]["content"][0]["structuredContent"], json!({"result": [1]}));
    assert_eq!(newer["tools"][0]["outputSchema"]["type"], "object");
    let message = |role: &str, text: &str| json!({"role": role, "content": {"type": "text", "text": text}});
    let mut expect = json!({"maxTokens": 5, "messages": [
        message("user", "q"),
        message("assistant", "a"),
        message("assistant", "[call of tool t: {\"x\":1}]"),
        message("user", "[result of a tool: r]"),
        {"role": "user", "content": {"type": "audio", "data": "", "mimeType": "audio/wav"}},
    ]});
    assert_eq!(old("2025-03-26"), expect);
    expect["messages"][4]["content"] = json!({"type": "text", "text": "[audio left out (audio/wav): this revision of the protocol carries none]"});
    assert_eq!(old("2024-11-05"), expect);
}

#[test]
fn a_missing_resource_had_a_code_of_its_own() {
    for version in ALL {
        assert_eq!(downgrade_error(v(version), "resources/read", -32602), -32002);
        assert_eq!(upgrade_error(v(version), "resources/read", -32002), -32602);
        assert_eq!(downgrade_error(v(version), "tools/call", -32602), -32602);
        assert_eq!(downgrade_error(v(version), "resources/read", -32603), -32603);
    }
    assert_eq!(downgrade_error(v("2026-07-28"), "resources/read", -32602), -32602);
    assert_eq!(upgrade_error(v("2026-07-28"), "resources/read", -32002), -32002);
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("content"),
        Just("messages"),
        Just("tools"),
        Just("type"),
        Just("annotations"),
        Just("_meta"),
        Just("structuredContent"),
        Just("inputSchema"),
        Just("outputSchema"),
        Just("properties"),
        Just("$ref"),
        Just("items"),
        Just("oneOf"),
        Just("mode"),
        Just("requestedSchema"),
        Just("capabilities"),
        Just("serverInfo"),
        Just("arguments"),
        Just("title"),
        Just("contents"),
        Just("resource"),
    ];
    let word = prop_oneof![
        Just("text"),
        Just("audio"),
        Just("resource_link"),
        Just("tool_use"),
        Just("tool_result"),
        Just("url"),
        Just("form"),
        Just("object"),
        Just("array"),
        Just("#"),
        Just("x"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        "[a-z ]{0,12}".prop_map(ContentBlock::text),
        Just(ContentBlock::image("AA==", "image/png")),
        Just(ContentBlock::audio("AA==", "audio/wav")),
        "[a-z]{1,8}".prop_map(|name| ContentBlock::resource_link(Resource::new(format!("x:{name}"), name))),
        "[a-z]{1,8}".prop_map(|text| ContentBlock::resource(ResourceContents::text("x:y", text))),
    ]
}

/// What a reader learns from a block, whatever it is written as.
fn told(block: &ContentBlock) -> Vec<String> {
    match block {
        ContentBlock::Text(content) => vec![content.text.clone()],
        ContentBlock::Image(content) => vec![content.data.clone()],
        ContentBlock::Audio(content) => vec![content.mime_type.clone()],
        ContentBlock::ResourceLink(link) => vec![link.name.clone(), link.uri.clone()],
        ContentBlock::Resource(content) => vec![content.resource.uri.clone()],
        ContentBlock::Other(raw) => vec![raw.get().to_owned()],
    }
}

proptest! {
    #[test]
    fn no_tree_breaks_a_conversion(tree in any_json(), version in prop::sample::select(&ALL[..])) {
        for method in ["tools/call", "tools/list", "prompts/get", "prompts/list", "resources/read", "initialize"] {
            let once = downgrade_result(v(version), method, tree.clone());
            prop_assert_eq!(&downgrade_result(v(version), method, once.clone()), &once, "{} {}", version, method);
            upgrade_params(v(version), method, tree.clone());
            downgrade_notification(v(version), method, tree.clone());
        }
        for method in ["elicitation/create", "sampling/createMessage", "roots/list"] {
            downgrade_input_request(v(version), method, tree.clone(), "id");
            upgrade_input_response(v(version), method, &tree, tree.clone());
        }
    }

    #[test]
    fn a_tool_result_still_tells_the_same(
        blocks in prop::collection::vec(any_block(), 0..5),
        structured in prop::option::of(any_json()),
        is_error in any::<bool>(),
        version in prop::sample::select(&ALL[..]),
    ) {
        let new = CallToolResult {
            content: blocks,
            structured_content: structured.as_ref().map(RawJson::from),
            is_error,
            meta: None,
        };
        let old = downgrade_result(v(version), "tools/call", serde_json::to_value(&new).unwrap());
        let read: CallToolResult = serde_json::from_value(old).unwrap();
        prop_assert_eq!(read.is_error, is_error);
        if !new.content.is_empty() {
            prop_assert_eq!(read.content.len(), new.content.len());
        }
        for (old, new) in read.content.iter().zip(&new.content) {
            let old = told(old).join("\n");
            for part in told(new) {
                prop_assert!(old.contains(&part), "{} lacks {}", old, part);
            }
        }
        let wrap = |value: Value| if value.is_object() { value } else { json!({"result": value}) };
        match read.structured_content {
            Some(content) => prop_assert_eq!(Some(content.to_value().unwrap()), structured.map(wrap)),
            None => prop_assert!(structured.is_none() || version < "2025-06-18" && !read.content.is_empty()),
        }
    }

    #[test]
    fn wrapped_content_fits_its_wrapped_schema(
        (schema, value) in prop_oneof![
            prop::collection::vec(any::<i16>(), 0..4).prop_map(|v| (json!({"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}), json!(v))),
            any::<bool>().prop_map(|v| (json!({"type": "boolean"}), json!(v))),
            "[a-z]{0,5}".prop_map(|v| (json!({"type": ["string", "null"]}), json!(v))),
            "[a-z]{0,5}".prop_map(|v| (json!({"type": "object", "required": ["a"]}), json!({"a": v}))),
        ],
        version in prop::sample::select(&ALL[2..]),
    ) {
        let tools = json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}, "outputSchema": schema}]});
        let tools: ListToolsResult = serde_json::from_value(downgrade_result(v(version), "tools/list", tools)).unwrap();
        let schema = tools.tools[0].output_schema.as_ref().unwrap().to_value().unwrap();
        prop_assert_eq!(&schema["type"], "object");
        let result = json!({"content": [], "structuredContent": value});
        let result = downgrade_result(v(version), "tools/call", result);
        prop_assert!(jsonschema::is_valid(&schema, &result["structuredContent"]), "{} {}", schema, result);
    }

    #[test]
    fn choices_survive_a_form_of_old(
        chosen in prop::sample::subsequence(vec!["a", "b", "c", "d"], 0..=4),
        version in prop::sample::select(&ALL[2..]),
    ) {
        let form = FormSchema::new()
            .choices("plain", |f| f.options(["a", "b", "c", "d"]))
            .choices("titled", |f| f.titled("a", "One").titled("b", "Two").titled("c", "Three").titled("d", "Four"));
        let ask = Elicitation::form("?", form.clone());
        let params = serde_json::to_value(&ask).unwrap();
        let old = downgrade_input_request(v(version), "elicitation/create", params.clone(), "");
        // A client fills in what its form asks for: text where the field is text, a list where it is one.
        let fill = |name: &str, words: &[&str]| {
            let field = &old["requestedSchema"]["properties"][name]["type"];
            if field == "string" { json!(words.join(", ")) } else { json!(chosen) }
        };
        let title = |name: &&str| match *name { "a" => "One", "b" => "Two", "c" => "Three", _ => "Four" };
        let titles: Vec<&str> = chosen.iter().map(title).collect();
        let answer = json!({"action": "accept", "content": {"plain": fill("plain", &chosen), "titled": fill("titled", &titles)}});
        let new = upgrade_input_response(v(version), "elicitation/create", &params, answer);
        prop_assert_eq!(&new["content"], &json!({"plain": chosen, "titled": chosen}));
        let again: Elicitation = serde_json::from_value(old).unwrap();
        prop_assert_eq!(again.message(), ask.message());
        prop_assert!(matches!(InputRequest::Elicit(again).capability(), Capability::ElicitationForm));
    }

    #[test]
    fn error_codes_come_back(code in -32800_i32..-31900, version in prop::sample::select(&ALL[..])) {
        for method in ["resources/read", "tools/call"] {
            let back = upgrade_error(v(version), method, downgrade_error(v(version), method, code));
            let expect = if code == -32002 && method == "resources/read" { -32602 } else { code };
            prop_assert_eq!(back, expect);
        }
    }
}
