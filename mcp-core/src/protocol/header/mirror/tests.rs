use serde_json::json;

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "reads better in tables")]
fn schema(properties: Value) -> RawJson {
    RawJson::from(json!({"type": "object", "properties": properties}))
}

fn one(kind: &str) -> MirroredParam {
    mirrored_params(&schema(json!({"v": {"type": kind, "x-mcp-header": "V"}}))).unwrap().remove(0)
}

#[test]
fn annotations_are_found_by_property_names() {
    let found = mirrored_params(&schema(json!({
        "region": {"type": "string", "x-mcp-header": "Region"},
        "plain": {"type": "number"},
        "nested": {"type": "object", "properties": {
            "deep": {"type": "integer", "x-mcp-header": "Deep.er"},
            "x-mcp-header": {"type": "boolean"},
        }},
        "maybe": {"type": ["null", "boolean"], "x-mcp-header": "Method"},
        "data": {"default": {"x-mcp-header": ""}, "enum": [{"x-mcp-header": 1}], "examples": [{"x-mcp-header": 2}]},
    })))
    .unwrap();
    let expect = [
        ("mcp-param-region", vec!["region"], MirroredKind::String),
        ("mcp-param-deep.er", vec!["nested", "deep"], MirroredKind::Integer),
        ("mcp-param-method", vec!["maybe"], MirroredKind::Boolean),
    ];
    let found: Vec<_> = found
        .iter()
        .map(|p| (p.header.as_str(), p.path.iter().map(String::as_str).collect::<Vec<_>>(), p.kind))
        .collect();
    assert_eq!(found, expect);
    assert_eq!(mirrored_params(&schema(json!({"a": {"type": "string"}}))), Ok(vec![]));
}

#[test]
fn every_rule_is_kept() {
    use MirrorFault as F;
    let check = |properties: Value, at: &str, fault: F| {
        let error = mirrored_params(&schema(properties.clone())).unwrap_err();
        assert_eq!((error.at.as_str(), &error.fault), (at, &fault), "{properties}");
    };
    let token = |name: &str| F::NotAToken(name.to_owned());
    let with = |kind: Value, name: Value| json!({"v": {"type": kind, "x-mcp-header": name}});
    check(with(json!("string"), json!("")), "/properties/v", F::Empty);
    check(with(json!("string"), json!(7)), "/properties/v", F::NotText);
    for name in ["My Region", "Region:Primary", "Région", "Region\t1", "a\r\nb", "a/b", "\"q\""] {
        check(with(json!("string"), json!(name)), "/properties/v", token(name));
    }
    for kind in [
        json!("number"),
        json!("object"),
        json!("array"),
        json!("null"),
        json!(["string", "integer"]),
        json!(["null", "null"]),
        json!([]),
        json!(1),
    ] {
        check(with(kind, json!("V")), "/properties/v", F::NotPrimitive);
    }
    check(json!({"v": {"enum": ["a"], "x-mcp-header": "V"}}), "/properties/v", F::NotPrimitive);
    check(
        json!({"a": {"type": "string", "x-mcp-header": "MyField"}, "b": {"type": "string", "x-mcp-header": "myfield"}}),
        "/properties/b",
        F::Duplicate("myfield".into()),
    );
    let leaf = json!({"type": "string", "x-mcp-header": "V"});
    for (properties, at) in [
        (json!({"v": {"items": leaf}}), "/properties/v/items"),
        (json!({"v": {"items": {"properties": {"w": leaf}}}}), "/properties/v/items/properties/w"),
        (json!({"v": {"oneOf": [{}, leaf]}}), "/properties/v/oneOf/1"),
        (json!({"v": {"allOf": [{"properties": {"w": leaf}}]}}), "/properties/v/allOf/0/properties/w"),
        (json!({"v": {"if": leaf}}), "/properties/v/if"),
        (json!({"v": {"not": leaf}}), "/properties/v/not"),
        (json!({"v": {"patternProperties": {"a/~": leaf}}}), "/properties/v/patternProperties/a~1~0"),
        (json!({"v": {"additionalProperties": leaf}}), "/properties/v/additionalProperties"),
        (json!({"v": {"$defs": {"x": leaf}}}), "/properties/v/$defs/x"),
        (json!({"v": {"prefixItems": [leaf]}}), "/properties/v/prefixItems/0"),
    ] {
        check(properties, at, F::Unreachable);
    }
    let root = RawJson::from(json!({"type": "string", "x-mcp-header": "V"}));
    assert_eq!(mirrored_params(&root).unwrap_err().fault, F::Unreachable);
}

#[test]
fn an_escaped_annotation_is_not_overlooked() {
    let text = r#"{"type":"object","properties":{"v":{"type":"number","x-mcp-heade\u0072":"V"}}}"#;
    let error = mirrored_params(&RawJson::from_string(text.to_owned()).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`x-mcp-header` at `/properties/v` stands on an argument that is not a string, integer or boolean"
    );
}

#[test]
fn headers_are_compared_with_arguments() {
    use HeaderProblem as P;
    let check = |kind: &str, header: Option<&str>, value: Value, expect: Option<P>| {
        let found = one(kind).check(header, &json!({"v": value})).err().map(|error| error.problem);
        assert_eq!(found, expect, "{header:?} {value}");
    };
    check("string", Some("a b"), json!("a b"), None);
    check("string", Some("=?base64?w6k=?="), json!("é"), None);
    check("string", Some("A"), json!("a"), Some(P::Different));
    check("string", Some("=?base64?!?="), json!("a"), Some(P::Unreadable));
    check("string", Some("é"), json!("é"), Some(P::Unreadable));
    check("string", None, json!("a"), Some(P::Missing));
    check("string", None, json!(null), None);
    check("string", Some(""), json!(null), Some(P::Unexpected));
    check("string", Some(""), json!(""), None);
    check("string", Some("{}"), json!({}), Some(P::Different));
    check("boolean", Some("true"), json!(true), None);
    check("boolean", Some("True"), json!(true), Some(P::Different));
    check("boolean", Some("false"), json!(false), None);
    check("integer", Some("42"), json!(42), None);
    check("integer", Some("42.0"), json!(42), None);
    check("integer", Some("42"), json!(42.0), None);
    check("integer", Some("-7"), json!(-7), None);
    check("integer", Some("43"), json!(42), Some(P::Different));
    check("integer", Some("4.2e1"), json!(42), None);
    check("integer", Some("inf"), json!(42), Some(P::Different));
    check("integer", Some("+42"), json!(42), Some(P::Different));
    check("integer", Some("9007199254740991"), json!(9_007_199_254_740_991_i64), None);
    check("integer", Some("9007199254740993"), json!(9_007_199_254_740_993_i64), Some(P::OutOfRange));
    check("integer", None, json!(9_007_199_254_740_993_i64), Some(P::Missing));
}

#[test]
fn values_are_found_at_the_exact_path() {
    let nested = schema(
        json!({"a": {"type": "object", "properties": {"b": {"type": "integer", "x-mcp-header": "B"}}}}),
    );
    let param = mirrored_params(&nested).unwrap().remove(0);
    assert_eq!(param.check(Some("1"), &json!({"a": {"b": 1}})), Ok(()));
    for absent in [json!({"b": 1}), json!({"a": 1}), json!({"a": [1]}), json!({"a": null}), json!(null)] {
        assert_eq!(param.check(None, &absent), Ok(()), "{absent}");
        assert_eq!(param.encode(&absent), None);
    }
}

#[test]
fn what_a_client_sends_is_what_a_server_accepts() {
    for (kind, value, expect) in [
        ("string", json!(" é"), "=?base64?IMOp?="),
        ("string", json!(""), ""),
        ("integer", json!(7.0), "7"),
        ("integer", json!(-3), "-3"),
        ("boolean", json!(false), "false"),
    ] {
        let arguments = json!({"v": value});
        let header = one(kind).encode(&arguments).unwrap();
        assert_eq!(header, expect);
        assert_eq!(one(kind).check(Some(&header), &arguments), Ok(()));
    }
}
