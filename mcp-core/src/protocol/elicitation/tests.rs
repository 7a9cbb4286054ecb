use serde_json::json;

use super::*;

#[test]
fn params_survive_the_wire() {
    for json in [
        r#"{"mode":"form","message":"m","requestedSchema":{"type":"object", "properties":{}}}"#,
        r#"{"mode":"url","message":"m","url":"https://a.b/"}"#,
    ] {
        let params: Elicitation = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&params).unwrap(), json);
    }
    let old: Elicitation = serde_json::from_str(r#"{"message":"m","requestedSchema":{}}"#).unwrap();
    assert!(matches!(old, Elicitation::Form { .. }));
    let error = serde_json::from_str::<Elicitation>(r#"{"mode":"voice","message":"m"}"#).unwrap_err();
    assert!(error.to_string().contains("`mode` is `voice`"), "{error}");
}

#[test]
fn answers_survive_the_wire() {
    for json in [r#"{"action":"accept","content":{"a":1,"b":["x"]}}"#, r#"{"action":"decline"}"#] {
        let result: ElicitResult = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
    }
    let odd: ElicitResult = serde_json::from_str(r#"{"action":"cancel","content":null}"#).unwrap();
    assert_eq!(odd, ElicitResult::bare(ElicitAction::Cancel));
}

fn form() -> FormSchema {
    FormSchema::new()
        .string("name", |f| f.title("Name").description("Yours").min_length(2).max_length(4).required())
        .string("mail", |f| f.format(TextFormat::Email).default("a@b.c"))
        .number("ratio", |f| f.minimum(0.0).maximum(1.5))
        .integer("count", |f| f.minimum(1).maximum(8).default(2))
        .boolean("sure", |f| f.default(false).required())
        .choice("size", |f| f.options(["s", "l"]))
        .choice("plan", |f| f.option("free").titled("pro", "Professional").default("pro"))
        .choices("tags", |f| f.options(["a", "b", "c"]).min_items(1).max_items(2))
        .choices("days", |f| f.titled("mo", "Monday").titled("tu", "Tuesday").default(["mo".to_owned()]))
}

#[test]
fn forms_are_written_in_order() {
    let expect = concat!(
        r#"{"type":"object","properties":{"#,
        r#""name":{"type":"string","title":"Name","description":"Yours","minLength":2,"maxLength":4},"#,
        r#""mail":{"type":"string","format":"email","default":"a@b.c"},"#,
        r#""ratio":{"type":"number","minimum":0.0,"maximum":1.5},"#,
        r#""count":{"type":"integer","minimum":1,"maximum":8,"default":2},"#,
        r#""sure":{"type":"boolean","default":false},"#,
        r#""size":{"type":"string","enum":["s","l"]},"#,
        r#""plan":{"type":"string","default":"pro","oneOf":[{"const":"free","title":"free"},{"const":"pro","title":"Professional"}]},"#,
        r#""tags":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"string","enum":["a","b","c"]}},"#,
        r#""days":{"type":"array","default":["mo"],"items":{"anyOf":[{"const":"mo","title":"Monday"},{"const":"tu","title":"Tuesday"}]}}"#,
        r#"},"required":["name","sure"]}"#,
    );
    assert_eq!(form().build().get(), expect);
    assert_eq!(FormSchema::new().build().get(), r#"{"type":"object","properties":{}}"#);
}

#[test]
fn answers_are_checked() {
    use FieldProblem as P;
    let schema = form().build();
    let check = |change: Value, expect: Option<(&str, P)>| {
        let mut content = json!({"name": "Ada", "sure": true}).as_object().unwrap().clone();
        content.extend(change.as_object().unwrap().clone());
        let found = validate_answer(&schema, &content).err();
        let expect = expect.map(|(field, problem)| FieldError { field: field.to_owned(), problem });
        assert_eq!(found, expect, "{change}");
    };
    let of = |expected: &str| P::Type { expected: expected.to_owned() };
    check(json!({}), None);
    check(
        json!({"mail": null, "ratio": 1, "count": 8.0, "size": "s", "plan": "free", "tags": ["a", "c"]}),
        None,
    );
    check(json!({"days": [], "unknown": {"a": 1}}), None);
    check(json!({"name": null}), Some(("name", P::Missing)));
    check(json!({"name": "é"}), Some(("name", P::TooShort { min: 2 })));
    check(json!({"name": "ééééé"}), Some(("name", P::TooLong { max: 4 })));
    check(json!({"name": "éééé"}), None);
    check(json!({"name": 12}), Some(("name", of("string"))));
    check(json!({"mail": "a"}), Some(("mail", P::Format { format: "email".into() })));
    check(json!({"ratio": -0.1}), Some(("ratio", P::TooSmall { minimum: 0.0 })));
    check(json!({"ratio": 2}), Some(("ratio", P::TooGreat { maximum: 1.5 })));
    check(json!({"ratio": "1"}), Some(("ratio", of("number"))));
    check(json!({"count": 0}), Some(("count", P::TooSmall { minimum: 1.0 })));
    check(json!({"count": 1.5}), Some(("count", of("integer"))));
    check(json!({"sure": "true"}), Some(("sure", of("boolean"))));
    check(json!({"size": "m"}), Some(("size", P::NotAnOption)));
    check(json!({"plan": "Professional"}), Some(("plan", P::NotAnOption)));
    check(json!({"tags": []}), Some(("tags", P::TooFew { min: 1 })));
    check(json!({"tags": ["a", "b", "c"]}), Some(("tags", P::TooMany { max: 2 })));
    check(json!({"tags": ["a", "x"]}), Some(("tags", P::NotAnOption)));
    check(json!({"tags": [1]}), Some(("tags", of("array of string"))));
    check(json!({"tags": "a"}), Some(("tags", of("array"))));
    check(json!({"days": ["we"]}), Some(("days", P::NotAnOption)));
}

#[test]
fn schemas_of_others_are_understood() {
    let check = |schema: Value, content: Value, good: bool| {
        let schema = RawJson::from(json!({"type": "object", "properties": {"f": schema}}));
        let content = json!({"f": content}).as_object().unwrap().clone();
        assert_eq!(validate_answer(&schema, &content).is_ok(), good, "{schema} {content:?}");
    };
    let legacy = json!({"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]});
    check(legacy.clone(), json!("b"), true);
    check(legacy, json!("B"), false);
    check(json!({"enum": ["a"]}), json!("a"), true);
    check(json!({"type": ["string", "null"], "maxLength": 1}), json!("ab"), false);
    check(json!({"type": ["string", "null"]}), json!(null), true);
    check(json!({"type": "object"}), json!({}), false);
    check(json!({}), json!(1), false);
}

#[test]
fn a_closed_form_takes_no_other_fields() {
    let schema = RawJson::from(json!({"type": "object", "properties": {}, "additionalProperties": false}));
    let content = json!({"x": 1}).as_object().unwrap().clone();
    let error = validate_answer(&schema, &content).unwrap_err();
    assert_eq!(error.to_string(), "`x` is not a field of the form");
    let broken = RawJson::from(json!([]));
    assert_eq!(validate_answer(&broken, &content).unwrap_err().problem, FieldProblem::Schema);
}
