use super::*;

fn client(json: &str) -> ClientCapabilities {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_client_is_asked_what_it_can() {
    use Capability as C;
    let all = [
        C::Roots,
        C::Sampling,
        C::SamplingTools,
        C::ElicitationForm,
        C::ElicitationUrl,
        C::Extension("a/b".into()),
    ];
    let check = |json: &str, expect: &[usize]| {
        let client = client(json);
        let found: Vec<usize> = (0..all.len()).filter(|i| client.has(&all[*i])).collect();
        assert_eq!(found, expect, "{json}");
    };
    check("{}", &[]);
    check(r#"{"roots":{}}"#, &[0]);
    check(r#"{"roots":{"listChanged":true}}"#, &[0]);
    check(r#"{"sampling":{}}"#, &[1]);
    check(r#"{"sampling":{"tools":{}}}"#, &[1, 2]);
    check(r#"{"elicitation":{}}"#, &[3]);
    check(r#"{"elicitation":{"form":{}}}"#, &[3]);
    check(r#"{"elicitation":{"url":{}}}"#, &[4]);
    check(r#"{"elicitation":{"form":{},"url":{}}}"#, &[3, 4]);
    check(r#"{"elicitation":null,"extensions":{"a/b":{"x":1}}}"#, &[5]);
}

#[test]
fn what_an_error_lists_is_what_was_missing() {
    for capability in [
        Capability::Roots,
        Capability::Sampling,
        Capability::SamplingTools,
        Capability::ElicitationForm,
        Capability::ElicitationUrl,
        Capability::Extension("io.modelcontextprotocol/tasks".into()),
    ] {
        let alone: ClientCapabilities = serde_json::from_value(capability.required()).unwrap();
        assert!(alone.has(&capability));
        assert_eq!(alone, ClientCapabilities::default().with(&capability));
    }
}

#[test]
fn adding_addresses_keeps_forms() {
    let client = client(r#"{"elicitation":{}}"#).with(&Capability::ElicitationUrl);
    assert!(client.has(&Capability::ElicitationForm) && client.has(&Capability::ElicitationUrl));
}

#[test]
fn both_sides_survive_the_wire() {
    for json in [
        r#"{}"#,
        r#"{"roots":{"listChanged":true},"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}},"experimental":{"x":{"a":1.0}},"extensions":{"a/b":{}},"tasks":{"list":{}}}"#,
    ] {
        assert_eq!(serde_json::to_string(&client(json)).unwrap(), json);
    }
    for json in [
        r#"{}"#,
        r#"{"logging":{},"completions":{},"prompts":{},"resources":{"subscribe":true,"listChanged":true},"tools":{"listChanged":true},"extensions":{"a/b":{}},"future":1e2}"#,
    ] {
        let server: ServerCapabilities = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&server).unwrap(), json);
    }
}
