use super::*;

fn parse(text: &str) -> Result<Incoming, FrameError> {
    Incoming::parse(&Bytes::copy_from_slice(text.as_bytes()), DEFAULT_DEPTH)
}

#[test]
fn finds_the_parts_of_a_request_in_any_order() {
    let text = r#" {"params":{"arguments":{"q":[1,{"a":"\"}"}]},"name":"fi\u006ed","_meta":{"progressToken":7}},
        "method":"tools/call","extra":{"x":1},"id":"a\"b","jsonrpc":"2.0"} "#;
    let Ok(Incoming::One(Frame::Request { id, method, params })) = parse(text) else { panic!("no request") };
    assert_eq!(id, RequestId::from("a\"b"));
    assert_eq!(method, Method::ToolsCall);
    assert_eq!(params.get_str("name").as_deref(), Some("find"));
    assert_eq!(params.get("arguments"), Some(r#"{"q":[1,{"a":"\"}"}]}"#));
    assert_eq!(params.meta("progressToken"), Some("7"));
    assert_eq!(params.get("absent"), None);
}

#[test]
fn tells_messages_apart() {
    let kind = |text| match parse(text).unwrap() {
        Incoming::One(Frame::Request { .. }) => "request",
        Incoming::One(Frame::Notification { .. }) => "notification",
        Incoming::One(Frame::Response { outcome: Ok(_), .. }) => "result",
        Incoming::One(Frame::Response { outcome: Err(_), .. }) => "error",
        Incoming::Batch(_) => "batch",
    };
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), "request");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), "notification");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), "result");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#), "error");
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no"}}"#), "error");
    assert_eq!(kind(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},1]"#), "batch");
}

#[test]
fn names_what_is_wrong_and_keeps_the_identifier() {
    let cases: &[(&str, FrameProblem, Option<i64>)] = &[
        ("", FrameProblem::Syntax(0), None),
        ("{", FrameProblem::Syntax(1), None),
        ("7", FrameProblem::NotAnObject, None),
        ("[]", FrameProblem::EmptyBatch, None),
        (r#"{"id":1,"method":"m"}"#, FrameProblem::Version, Some(1)),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, FrameProblem::Version, Some(1)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, FrameProblem::Id, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, FrameProblem::Id, None),
        (r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, FrameProblem::Id, None),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, FrameProblem::Method, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1}"#, FrameProblem::Method, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[]}"#, FrameProblem::Params, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":1}}"#, FrameProblem::Meta, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, FrameProblem::Response, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","method":"n"}"#, FrameProblem::Duplicate, None),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","na\u006de":"b"}}"#,
            FrameProblem::Duplicate,
            None,
        ),
    ];
    for (text, problem, id) in cases {
        let error = parse(text).expect_err(text);
        assert_eq!((error.problem, error.id), (*problem, id.map(RequestId::Number)), "{text}");
    }
}

#[test]
fn batch_elements_fail_on_their_own() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2},3]"#;
    let Ok(Incoming::Batch(frames)) = parse(text) else { panic!("no batch") };
    let problems: Vec<_> = frames.into_iter().map(|f| f.err().map(|e| e.problem)).collect();
    assert_eq!(problems, [None, Some(FrameProblem::Method), Some(FrameProblem::NotAnObject)]);
}

#[test]
fn decode_names_the_member() {
    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters here")]
        limit: u8,
    }
    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters here")]
        page: Inner,
    }
    let error = decode::<Outer>(r#"{"page":{"limit":"x"}}"#).unwrap_err();
    assert_eq!(error.to_string(), "`page.limit`: invalid type: string \"x\", expected u8");
    let error = decode::<Outer>(r#"{"page":{}}"#).unwrap_err();
    assert_eq!(error.to_string(), "`page`: missing field `limit`");
}
