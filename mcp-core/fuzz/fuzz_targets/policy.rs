//! Policies that somebody mistypes, and calls that try to get around one. An input is the text of a policy (YAML, JSON or TOML); or,
//! after `call:`, the name of a tool or a URI, a line, and arguments, which a fixed policy decides on twice.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp_core::service::Principal;
use mcp_edge::policy::{Call, Format, Policy};

const RULES: &str = "
rules:
- { id: readers, effect: allow, roles: [reader], tools: ['read*'], resources: ['memo://open/**'] }
- { id: no-secrets, effect: deny, tools: ['*'], when: { /path: { path_within: /secret } } }
- { id: hosts, effect: deny, tools: ['read*'], when: { /url: { host: [internal.example] } } }
";

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::parse(RULES, "rules.yaml", Format::Yaml).expect("a policy"));

fn reader() -> Principal {
    let mut who = Principal::new("acme", "ann");
    who.role = Some("reader".into());
    who
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(call) = text.strip_prefix("call:") {
        let (name, arguments) = call.split_once('\n').unwrap_or((call, "{}"));
        let who = reader();
        for call in [Call::tool(name, arguments), Call::resource(name)] {
            let verdict = POLICY.decide(Some(&who), &call);
            assert_eq!(verdict, POLICY.decide(Some(&who), &call));
            // Nobody is let in by a rule for somebody else.
            assert!(!POLICY.decide(None, &call).is_allowed());
        }
        return;
    }
    for format in [Format::Yaml, Format::Json, Format::Toml] {
        match Policy::parse(&text, "rules", format) {
            Ok(policy) => {
                let who = reader();
                let call = Call::tool("read", r#"{"path":"/a","url":"https://x.example"}"#);
                assert_eq!(policy.decide(Some(&who), &call), policy.decide(Some(&who), &call));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
