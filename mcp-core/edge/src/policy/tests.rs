//! Rules against a naive evaluator, and conditions against those who want around them.

use mcp_core::protocol::Method;
use mcp_core::service::Principal;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Call, Format, Policy, PolicyError};

fn policy(yaml: &str) -> Policy {
    Policy::parse(yaml, "policy.yaml", Format::Yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn caller(role: &str) -> Principal {
    let mut principal = Principal::new("acme", "ann");
    principal.role = Some(role.to_owned());
    principal
}

fn condition(effect: &str, when: &Value) -> Policy {
    let default = if effect == "allow" { "deny" } else { "allow" };
    let rule = json!({ "id": "r", "effect": effect, "tools": ["t"], "when": { "/x": when } });
    let text = json!({ "default": default, "rules": [rule] }).to_string();
    Policy::parse(&text, "policy.json", Format::Json).unwrap_or_else(|error| panic!("{error}"))
}

fn allows(policy: &Policy, arguments: &str) -> bool {
    policy.decide(None, &Call::tool("t", arguments)).is_allowed()
}

/// What fits is allowed by a rule that allows; what does not, or only looks like it, is not.
#[track_caller]
fn check(when: &Value, good: &[&str], bad: &[&str]) {
    let allow = condition("allow", when);
    for value in good {
        assert!(allows(&allow, &json!({ "x": value }).to_string()), "{value:?} fits {when}");
    }
    for value in bad {
        assert!(!allows(&allow, &json!({ "x": value }).to_string()), "{value:?} gets around {when}");
    }
}

/// What a rule denies stays denied however it is spelled.
#[track_caller]
fn check_denied(when: &Value, denied: &[&str], free: &[&str]) {
    let deny = condition("deny", when);
    for value in denied {
        assert!(!allows(&deny, &json!({ "x": value }).to_string()), "{value:?} evades {when}");
    }
    for value in free {
        assert!(allows(&deny, &json!({ "x": value }).to_string()), "{value:?} is no business of {when}");
    }
}

/// Spellings of a path outside of `/srv/data`, and of one inside that not all readers would find there.
const PATHS: &[&str] = &[
    "/etc/passwd",
    "/srv/data/../../etc/passwd",
    "/srv/data/..",
    "/srv/data/./x",
    "/srv/data//x",
    "//srv/data/x",
    "/srv/database/x",
    "/srv/data/%2e%2e/%2e%2e/etc/passwd",
    "/srv/data/%252e%252e/x",
    "/srv/data/..%2f..%2fetc",
    "/srv/data/..%c0%af..%c0%afetc",
    "/srv/data/..\\..\\etc",
    "\\srv\\data\\x",
    "/srv/data\0/../../etc",
    "/srv/data/x\0.txt",
    "/SRV/DATA/x",
    "/Srv/data/x",
    "/srv/data/\u{ff0e}\u{ff0e}/etc",
    "/srv/data/\u{2024}\u{2024}/etc",
    "/srv/data\u{2215}..\u{2215}etc",
    "/srv/data/..\u{2044}etc",
    "/srv/data\u{ff0f}x",
    "/srv/data/.../x",
    "/srv/data/.. /x",
    "/srv/data/ ../x",
    "/srv/data./x",
    "/srv/data /x",
    "/srv/d\u{430}ta/x",
    "/srv/data/\u{202e}txt.exe",
    "/srv/data/\u{200b}../x",
    "/srv/data/x\n",
    "/srv/data/x\r\n/etc",
    "srv/data/x",
    "./srv/data/x",
    "~/srv/data/x",
    "~root/x",
    "C:/srv/data/x",
    "c:\\srv\\data",
    "file:///srv/data/x",
    "\\\\?\\C:\\srv",
    "//server/share/srv/data",
    "/srv/data/x:stream",
    "/srv/data/$HOME",
    "/srv/data/`id`",
    "/srv/data/*",
    "/srv/da\u{0301}ta/x",
    "/srv/dat\u{e0061}a/x",
    "/srv/data/e\u{301}",
    "",
    " ",
    ".",
    "..",
    "/",
    "/srv",
    "/srv/data/\u{ff3c}..",
    "/srv/data/\u{feff}x",
    "/srv/data/..;/x",
    "/srv/data/x/.",
];

#[test]
fn paths_stay_below_their_folder() {
    let root = json!({ "path_within": "/srv/data" });
    let bad: Vec<&str> = PATHS.iter().copied().filter(|path| *path != "/srv/data/..;/x").collect();
    check(
        &root,
        &[
            "/srv/data",
            "/srv/data/",
            "/srv/data/a/b.txt",
            "/srv/data/.hidden",
            "/srv/data/\u{e9}t\u{e9}",
            "/srv/data/..x/y",
        ],
        &bad,
    );
    check(
        &json!({ "path_within": ["docs", "notes/a"] }),
        &["docs/x", "notes/a", "notes/a/b"],
        &["notes/b", "/docs/x", "docs/../x", "Docs/x"],
    );
    check_denied(
        &json!({ "path_within": "/etc" }),
        &[
            "/etc",
            "/etc/passwd",
            "/ETC/passwd",
            "/srv/../etc/passwd",
            "/etc/",
            "//etc/passwd",
            "/%65tc/passwd",
            "/et\u{441}/passwd",
            "etc/passwd",
            "/etc./x",
            "\\etc",
        ],
        &["/srv/x", "/etcetera", "/srv/etc"],
    );
}

#[test]
fn hosts_are_those_that_are_named() {
    check(
        &json!({ "host": ["api.example", "*.cdn.example:8443", "10.0.0.5", "[::1]:*"] }),
        &[
            "https://api.example/x",
            "http://api.example",
            "HTTPS://API.example/",
            "https://api.example:443/",
            "api.example",
            "http://[::1]:9/",
            "https://a.b.cdn.example:8443/?q",
            "http://10.0.0.5/",
            "wss://api.example/x",
            "http://[::ffff:10.0.0.5]/",
        ],
        &[
            "https://evil.example/",
            "https://api.example.evil.example/",
            "https://api.example@evil.example/",
            "https://evil.example#@api.example/",
            "https://evil.example/?@api.example",
            "https://api.example:8080/",
            "https://api.example:443@evil.example/",
            "https://cdn.example:8443/",
            "https://api.example\\@evil.example/",
            "https://evil.example\\.api.example/",
            "https://api.example%2f@evil.example",
            "https://api%2eexample/",
            "https://xn--pi-6kc.example/",
            "https://\u{430}pi.example/",
            "https://api\u{3002}example/",
            "https://api.example./",
            "https:api.example",
            "https:/api.example",
            "//api.example",
            "///api.example",
            "javascript://api.example/%0aalert(1)",
            "file://api.example/etc/passwd",
            "http://0x0a.0.0.5/",
            "http://167772165/",
            "http://012.0.0.5/",
            "http://10.0.5/",
            "http://10.0.0.5./",
            "http://10.0.0.05/",
            "http://0xa000005/",
            "http://[::ffff:10.0.0.5",
            "http://[::1%25eth0]/",
            "http://api.example\t.evil.example",
            " https://api.example/",
            "https://api.example\n/",
            "https://user@api.example/",
            "https://user:pw@api.example/",
            "https://.api.example/",
            "https://-api.example/",
            "https://api..example/",
            "https://api.example:0443/",
            "https://api.example:/",
            "https://api.example:99999/",
            "https://xcdn.example:8443/",
            "",
            "http://",
            "http:///x",
            "https://api.example:443:80/",
            "ftp://api.example/",
            "https://ap\u{0}i.example/",
            "https://a.cdn.example/",
            "http://0:80/",
            "http://%31%30.0.0.5/",
            "https://api.example\u{2044}@evil.example",
            "https://\u{ff41}pi.example/",
            "ht\ntps://api.example/",
            "https://api.example,evil.example/",
        ],
    );
    check_denied(
        &json!({ "host": ["169.254.169.254:*", "localhost:*", "[::1]:*"] }),
        &[
            "http://169.254.169.254/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]:80/",
            "http://169.254.43518/",
            "http://x@169.254.169.254/",
            "http://localhost:9/",
            "http://LOCALHOST/",
            "http://localhost./",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://127.1.nip.io/",
            "gopher://169.254.169.254/",
            "http:\\\\localhost",
        ],
        &["http://8.8.8.8/", "http://[2001:db8::1]/"],
    );
}

#[test]
fn schemas_are_those_that_are_named() {
    check(
        &json!({ "schema": ["sales", "hr.people"] }),
        &["sales", "sales.orders", "SALES.Orders", "hr.people", "hr.people.name"],
        &[
            "hr",
            "hr.salaries",
            "public.sales",
            "sales.orders.x",
            "\"sales\".orders",
            "sales.\"orders\"",
            "sales;drop",
            "sales .orders",
            "sales.orders--",
            "`sales`.x",
            "[sales].x",
            "sales..x",
            ".sales",
            "sales.",
            "s\u{430}les.orders",
            "sales\0",
            "sales.orders;",
            "pg_catalog.sales.x",
            "",
            "sales/**/.orders",
            "u&\"\\0073ales\"",
            "\u{17f}ales",
            "salesx",
            "sale?",
            "sales.orders, hr.salaries",
            "sales.orders x",
        ],
    );
    check_denied(
        &json!({ "schema": "hr" }),
        &["hr", "hr.x", "HR.x", "\"hr\".x", "\"HR\"", "db.hr.x", "h\u{ac}r.x"],
        &["sales.x", "hrx"],
    );
}

#[test]
fn texts_numbers_and_lengths_are_compared() {
    check(
        &json!({ "prefix": "SELECT " }),
        &["SELECT 1"],
        &["select 1", "DROP", "\u{feff}SELECT 1", "SELECT\u{a0}1", "\u{ff33}ELECT 1", "SEL\u{200b}ECT 1"],
    );
    check_denied(
        &json!({ "prefix": ["drop", "delete"] }),
        &["drop x", "DROP x", "Delete", "dr\u{43e}p x", "dr\u{200b}op", "\u{ff44}rop"],
        &["select"],
    );
    check(
        &json!({ "glob": ["report-*.pdf", "x?"] }),
        &["report-1.pdf", "report-.pdf", "xy"],
        &["report-1.pdf.exe", "x", "xyz", "Report-1.pdf", "report-\n.pdf"],
    );
    check(&json!({ "length": { "max": 3 } }), &["", "abc", "\u{e9}\u{e9}\u{e9}"], &["abcd"]);
    check(&json!({ "in": ["a", 1, null] }), &["a"], &["A", "b", "1", "a "]);
    let range = condition("allow", &json!({ "range": { "min": 0, "max": 10 } }));
    for (arguments, expect) in [
        (r#"{"x":0}"#, true),
        (r#"{"x":10.0}"#, true),
        (r#"{"x":1e1}"#, true),
        (r#"{"x":10.01}"#, false),
        (r#"{"x":-1}"#, false),
        (r#"{"x":"5"}"#, false),
        (r#"{"x":[5]}"#, false),
        (r#"{"x":null}"#, false),
        ("{}", false),
        (r#"{"x":5,"x":50}"#, false),
        (r#"{"x":50,"x":5}"#, false),
        ("not json", false),
        (r#"{"x":1e400}"#, false),
        (r#"{"\u0078":5}"#, true),
        (r#"{"\u0078":5,"x":50}"#, false),
        (r#"{"X":5}"#, false),
    ] {
        assert_eq!(allows(&range, arguments), expect, "{arguments}");
    }
    let deny = condition("deny", &json!({ "range": { "min": 100 } }));
    for (arguments, expect) in [
        (r#"{"x":5}"#, true),
        (r#"{"x":500}"#, false),
        (r#"{"x":"500"}"#, false),
        (r#"{"x":5,"x":500}"#, false),
        ("{}", true),
        ("x", false),
    ] {
        assert_eq!(allows(&deny, arguments), expect, "{arguments}");
    }
}

#[test]
fn each_element_has_to_fit_and_one_is_enough_to_deny() {
    let text = |effect: &str, default: &str| {
        policy(&format!(
            "default: {default}\nrules:\n- {{id: r, effect: {effect}, tools: [t], when: {{/files/*/path: {{path_within: /srv}}}}}}"
        ))
    };
    let (allow, deny) = (text("allow", "deny"), text("deny", "allow"));
    for (arguments, allowed, spared) in [
        (r#"{"files":[{"path":"/srv/a"},{"path":"/srv/b"}]}"#, true, false),
        (r#"{"files":[{"path":"/srv/a"},{"path":"/etc"}]}"#, false, false),
        (r#"{"files":[{"path":"/etc"}]}"#, false, true),
        (r#"{"files":[]}"#, false, true),
        (r#"{"files":[{"path":"/etc","path":"/srv/a"}]}"#, false, false),
    ] {
        assert_eq!(allows(&allow, arguments), allowed, "{arguments}");
        assert_eq!(allows(&deny, arguments), spared, "{arguments}");
    }
}

#[test]
fn odd_uris_are_nobodys() {
    let policy = policy(
        "rules:
- { id: files, effect: allow, resources: ['file:///srv/**', 'exact:..'] }
- { id: no-secrets, effect: deny, roles: [guest], resources: ['file:///srv/secret/*'] }",
    );
    let reads = |who: Option<&Principal>, uri: &str| policy.decide(who, &Call::resource(uri)).is_allowed();
    let guest = caller("guest");
    for (uri, anyone, by_guest) in [
        ("file:///srv/a", true, true),
        ("file:///srv/secret/a", true, false),
        ("file:///srv/x/../secret/a", false, false),
        ("exact:..", true, false),
        ("file:///srv/%73ecret/a", true, true),
        ("file:///srv/%2e%2e/etc", false, false),
        ("FILE:///srv/a", false, false),
        ("file:///etc", false, false),
    ] {
        assert_eq!((reads(None, uri), reads(Some(&guest), uri)), (anyone, by_guest), "{uri}");
    }
}

#[test]
fn scopes_are_asked_for_only_when_they_are_all_that_is_missing() {
    let policy = policy(
        "rules:
- { id: write, effect: allow, roles: [editor], scopes: [files:write, files:read], tools: [write] }
- { id: never, effect: deny, tools: [write], when: { /path: { eq: x } } }",
    );
    let mut editor = caller("editor");
    let decide = |who: &Principal, arguments: &str| {
        format!("{:?}", policy.decide(Some(who), &Call::tool("write", arguments)))
    };
    assert!(decide(&editor, "{}").starts_with("MissingScope"), "{}", decide(&editor, "{}"));
    assert!(decide(&editor, r#"{"path":"x"}"#).starts_with("Deny"));
    assert!(decide(&caller("viewer"), "{}").starts_with("Deny"));
    editor.scopes = ["files:read", "files:write"].map(str::to_owned).into();
    assert!(decide(&editor, "{}").starts_with("Allow"));
}

#[test]
fn mistakes_are_named() {
    let check = |text: &str, format: Format, expect: &str| {
        let error = Policy::parse(text, "p", format).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}\nshould contain\n{expect}");
    };
    let yaml = |text: &str, expect: &str| check(text, Format::Yaml, expect);
    yaml("rules:\n- {id: a, effect: allow, tool: [x]}", "`rules[0].tool`: unknown field `tool`");
    yaml("rules:\n- {id: a, effect: allow, tool: [x]}", "did you mean `tools`?");
    yaml("rules:\n- {id: a, effect: alow, tools: [x]}", "did you mean `allow`?");
    yaml(
        "roles: [admin, reader]\nrules:\n- {id: a, effect: allow, roles: [raeder], tools: [x]}",
        "`rules[0].roles`: `raeder` is no role of this policy; did you mean `reader`?",
    );
    yaml(
        "rules:\n- {id: a, effect: allow, tools: [x], when: {/p: {path_in: /x}}}",
        "did you mean `path_within`?",
    );
    yaml(
        "rules:\n- {id: a, effect: allow, tools: [x], when: {/p: {path_within: /x/../y}}}",
        "`rules[0].when./p.path_within`: `/x/../y` is no canonical path",
    );
    yaml(
        "rules:\n- {id: a, effect: allow, tools: [x], when: {p: {eq: 1}}}",
        "a JSON pointer starts with `/`",
    );
    yaml("rules:\n- {id: a, effect: allow, tools: [x], when: {/p: {}}}", "a condition needs an operator");
    yaml(
        "rules:\n- {id: a, effect: allow, tools: [x], when: {/p: {range: {min: 2, max: 1}}}}",
        "`min` ≤ `max`",
    );
    yaml("rules:\n- {id: a, effect: allow}", "a rule needs `tools`");
    yaml("rules:\n- {id: a, effect: deny, scopes: [s], tools: [x]}", "cannot ask for scopes");
    yaml(
        "rules:\n- {id: a, effect: allow, tools: [x]}\n- {id: a, effect: deny, tools: [x]}",
        "`rules[1].id`",
    );
    yaml("rules:\n- {id: a, effect: allow, tools: [x], when: {/p: {eq: 1}, /p: {eq: 2}}}", "");
    yaml("rules:\n- {id: a, effect: allow, tools: [x], tools: [y]}", "");
    yaml("version: 2", "version 2 is not supported");
    yaml("rules: [", "line");
    yaml(
        "rules:\n- {id: abc, effect: allow, tools: [x]}\ntests:\n- {call: {tool: x}, expect: allow, rule: abd}",
        "did you mean `abc`?",
    );
    yaml(
        "tests:\n- {name: nothing, call: {tool: x}, expect: allow}",
        "tests[0] `nothing` expects allow, but deny by default",
    );
    yaml("tests:\n- {call: {tool: x, prompt: y}, expect: allow}", "`tests[0].call`");
    check(
        r#"{"rules":[{"id":"a","effect":"allow","tools":["x"],"tools":["y"]}]}"#,
        Format::Json,
        "duplicate field",
    );
    check("[[rules]]\nid = \"a\"\neffect = \"allow\"\ntool = []", Format::Toml, "did you mean `tools`?");
    assert!(matches!(Policy::parse("x", "p", Format::Json), Err(PolicyError::Invalid { .. })));
}

#[test]
fn the_three_formats_say_the_same() {
    let yaml = "rules:\n- {id: a, effect: allow, roles: [r], tools: [x], when: {/n: {range: {max: 3}}}}\n";
    let json = r#"{"rules":[{"id":"a","effect":"allow","roles":["r"],"tools":["x"],"when":{"/n":{"range":{"max":3}}}}]}"#;
    let toml = "[[rules]]\nid = \"a\"\neffect = \"allow\"\nroles = [\"r\"]\ntools = [\"x\"]\nwhen = { \"/n\" = { range = { max = 3 } } }\n";
    for (text, format) in [(yaml, Format::Yaml), (json, Format::Json), (toml, Format::Toml)] {
        let policy = Policy::parse(text, "p", format).unwrap();
        for (n, expect) in [(3, true), (4, false)] {
            let arguments = json!({ "n": n }).to_string();
            assert_eq!(
                policy.decide(Some(&caller("r")), &Call::tool("x", &arguments)).is_allowed(),
                expect,
                "{format:?}"
            );
        }
    }
}

#[test]
fn lists_hold_what_may_be_used() {
    let policy = policy(
        "rules:
- { id: a, effect: allow, tools: ['read_*'], prompts: ['*'], resources: ['x://**'] }
- { id: b, effect: allow, roles: [admin], tools: ['*'] }
- { id: c, effect: deny, tools: [read_secret] }
- { id: d, effect: deny, tools: [read_file], when: { /path: { eq: x } } }",
    );
    let list = br#"{"resultType":"complete","tools":[{"name":"read_file","x":1},{"name":"write"},{"name":"read_secret"},{"name":3}],"nextCursor":"c","ttlMs":5,"cacheScope":"public"}"#;
    let filtered = policy.filter(None, &Method::ToolsList, &list[..].into()).unwrap();
    let expect = r#"{"resultType":"complete","tools":[{"name":"read_file","x":1}],"nextCursor":"c","ttlMs":5,"cacheScope":"private"}"#;
    assert_eq!(std::str::from_utf8(&filtered).unwrap(), expect);
    let admin = policy.filter(Some(&caller("admin")), &Method::ToolsList, &list[..].into()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&admin).unwrap()["tools"].as_array().unwrap().len(), 2);
    let resources = br#"{"resources":[{"name":"a","uri":"x://a/b"},{"name":"x://a","uri":"y://a"}]}"#;
    let filtered = policy.filter(None, &Method::ResourcesList, &resources[..].into()).unwrap();
    assert_eq!(&filtered[..], br#"{"resources":[{"name":"a","uri":"x://a/b"}]}"#);
    assert_eq!(
        &policy.filter(None, &Method::PromptsList, &b"[1]"[..].into()).unwrap()[..],
        br#"{"prompts":[]}"#
    );
    assert!(policy.filter(None, &Method::ToolsCall, &b"{}"[..].into()).is_none());
}

#[test]
fn the_handshake_is_open_and_extensions_are_not() {
    let policy = policy(
        "rules: [{ id: a, effect: allow, methods: ['tasks/*'] }, { id: b, effect: deny, methods: [ping] }]",
    );
    for (method, expect) in [
        ("server/discover", true),
        ("tools/list", true),
        ("tasks/get", true),
        ("secrets/dump", false),
        ("ping", false),
        ("tools/call", false),
    ] {
        assert_eq!(policy.decide(None, &Call::method(method, "{}")).is_allowed(), expect, "{method}");
    }
}

/// A rule as the naive evaluator reads it.
#[derive(Debug, Clone)]
struct Naive {
    deny: bool,
    role: Option<&'static str>,
    plan: Option<&'static str>,
    tool: &'static str,
    at_most: Option<i64>,
}

fn naive_rule() -> impl Strategy<Value = Naive> {
    let role = prop::option::of(prop::sample::select(vec!["admin", "editor", "reader", "*"]));
    let plan = prop::option::of(prop::sample::select(vec!["free", "pro"]));
    let tool =
        prop::sample::select(vec!["*", "read_*", "*_file", "read_file", "write_file", "r?ad_*", "delete"]);
    (any::<bool>(), role, plan, tool, prop::option::of(0i64..4))
        .prop_map(|(deny, role, plan, tool, at_most)| Naive { deny, role, plan, tool, at_most })
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => fits(&pattern[1..], text) || (!text.is_empty() && fits(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => fits(&pattern[1..], &text[1..]),
        (Some(a), Some(b)) => a == b && fits(&pattern[1..], &text[1..]),
        _ => false,
    }
}

fn naive(rules: &[Naive], role: &str, plan: Option<&str>, tool: &str, n: i64) -> bool {
    let applies = |rule: &&Naive| {
        rule.role.is_none_or(|r| r == "*" || r == role)
            && rule.plan.is_none_or(|p| Some(p) == plan)
            && fits(rule.tool.as_bytes(), tool.as_bytes())
            && rule.at_most.is_none_or(|most| n <= most)
    };
    let applying: Vec<_> = rules.iter().filter(applies).collect();
    !applying.is_empty() && !applying.iter().any(|rule| rule.deny)
}

proptest! {
    #[test]
    fn every_cell_of_the_matrix_is_what_a_naive_evaluator_says(rules in prop::collection::vec(naive_rule(), 0..8)) {
        let written: Vec<Value> = rules.iter().enumerate().map(|(i, rule)| {
            let mut json = json!({ "id": format!("r{i}"), "effect": if rule.deny { "deny" } else { "allow" }, "tools": [rule.tool] });
            if let Some(role) = rule.role { json["roles"] = json!([role]); }
            if let Some(plan) = rule.plan { json["plans"] = json!([plan]); }
            if let Some(most) = rule.at_most { json["when"] = json!({ "/n": { "range": { "max": most } } }); }
            json
        }).collect();
        let policy = Policy::parse(&json!({ "rules": written }).to_string(), "p", Format::Json).unwrap();
        for role in ["admin", "editor", "reader", "other"] {
            for plan in [None, Some("free"), Some("pro")] {
                for tool in ["read_file", "write_file", "delete", "read_", "road_x", ""] {
                    for n in 0..4i64 {
                        let mut who = caller(role);
                        who.plan = plan.map(str::to_owned);
                        let arguments = json!({ "n": n }).to_string();
                        let call = Call::tool(tool, &arguments);
                        let expect = naive(&rules, role, plan, tool, n);
                        prop_assert_eq!(policy.decide(Some(&who), &call).is_allowed(), expect, "{} {:?} {} {}", role, plan, tool, n);
                        let explained = policy.explain(Some(&who), &call);
                        prop_assert_eq!(explained.effect == super::Effect::Allow, expect);
                    }
                }
            }
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,200}") {
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let _ = Policy::parse(&text, "p", format);
        }
    }

    #[test]
    fn what_is_within_a_folder_stays_there_when_it_is_resolved(path in "[/.a-z%\\\\ ~]{0,20}|/srv/data[/.a-z%\\\\]{0,16}") {
        let policy = condition("allow", &json!({ "path_within": "/srv/data" }));
        if allows(&policy, &json!({ "x": path }).to_string()) {
            let mut resolved: Vec<&str> = Vec::new();
            for part in path.split('/') {
                match part { "" | "." => {} ".." => { resolved.pop(); } part => resolved.push(part) }
            }
            prop_assert!(resolved.starts_with(&["srv", "data"]), "{}", path);
        }
    }

    #[test]
    fn a_host_that_is_allowed_is_where_a_browser_goes(url in "(https?|ws|HTTP)?:?/{0,3}[a-z@.:\\\\#?%0-9\\[\\]x/-]{0,12}(api\\.example|10\\.0\\.0\\.5)?[a-z@.:\\\\#?%0-9/]{0,8}") {
        let policy = condition("allow", &json!({ "host": ["api.example:*", "10.0.0.5:*"] }));
        if url.contains("://") && allows(&policy, &json!({ "x": url }).to_string()) {
            let parsed = url::Url::parse(&url).unwrap();
            prop_assert!(matches!(parsed.host_str(), Some("api.example" | "10.0.0.5")), "{} {:?}", url, parsed);
            prop_assert!(parsed.username().is_empty() && parsed.password().is_none());
        }
    }

    #[test]
    fn globs_agree_with_a_naive_matcher(pattern in "[ab*?/]{1,8}", text in "[ab/]{0,8}") {
        let glob = super::Glob::name(&pattern).unwrap();
        prop_assert_eq!(glob.matches(&text), fits(pattern.as_bytes(), text.as_bytes()), "{} {}", pattern, text);
    }
}
