//! Arguments that mean to get around a rule: where readers may disagree, the rule applies.

use mcp_guardrails::Event;
use serde_json::json;

use crate::support::{check, engine};

#[test]
fn odd_paths_get_around_neither_fence_nor_lock() {
    let fence = engine("rules: [{ id: r, unless: { /path: { path_within: /srv/data } }, then: block }]");
    let lock = engine("rules: [{ id: r, when: { /path: { path_within: /etc } }, then: block }]");
    let gate = engine(
        "default: block\nrules: [{ id: r, when: { /path: { path_within: /srv/data } }, then: allow }]",
    );
    let call = |path: &str| json!({ "path": path });
    for odd in [
        "/srv/data/../../etc/passwd",
        "/srv/data/%2e%2e/%2e%2e/etc/passwd",
        "/srv/data\\..\\..\\etc",
        "/srv/data/\u{ff0e}\u{ff0e}/etc",
        "~/../etc/passwd",
        "file:///etc/passwd",
        "/srv/data/..\u{2215}etc",
        "/ETC/passwd",
        "/etc\0/passwd",
        "/e\u{442}c/passwd",
        "C:/etc",
        "$HOME/x",
        "/srv/data/a\u{200b}/../x",
        "../etc",
        "",
    ] {
        let document = call(odd);
        let event = Event::call("t", &document);
        check(&fence, &event, "block", "r");
        if odd != "/ETC/passwd" && odd != "/e\u{442}c/passwd" {
            assert_eq!(lock.decide(&event).effect().name(), "block", "{odd}");
        }
        check(&gate, &event, "block", "default");
    }
    check(&lock, &Event::call("t", &call("/ETC/passwd")), "block", "r");
    check(&lock, &Event::call("t", &call("/e\u{442}c/passwd")), "allow", "");
    check(&fence, &Event::call("t", &call("/srv/data/a b/ü.txt")), "allow", "");
    check(&lock, &Event::call("t", &call("/srv/etc")), "allow", "");
    check(&gate, &Event::call("t", &call("/srv/data/a")), "allow", "");
    // Missing altogether, or no text.
    for document in [json!({}), json!({"path": 5}), json!({"path": ["/srv/data"]})] {
        check(&fence, &Event::call("t", &document), "block", "r");
        check(&gate, &Event::call("t", &document), "block", "default");
    }
}

#[test]
fn odd_urls_reach_neither_inside_nor_elsewhere() {
    let inside =
        engine("rules: [{ id: r, when: { /url: { cidr: [private, loopback, link_local] } }, then: block }]");
    let only = engine("rules: [{ id: r, unless: { /url: { host: ['*.good.test'] } }, then: block }]");
    for url in [
        "http://127.0.0.1",
        "http://0x7f000001/",
        "http://2130706433",
        "http://0177.1",
        "http://127.1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://169.254.169.254/latest/meta-data",
        "http://good.test@127.0.0.1",
        "http://a.good.test\\@127.0.0.1",
        "http://127.0.0.1%2f@a.good.test",
        "http:127.0.0.1/x",
        "//127.0.0.1/x",
        "http://\u{2460}27.0.0.1",
        "http://localhost",
        "http://x.localhost:80/",
    ] {
        let document = json!({ "url": url });
        check(&inside, &Event::call("t", &document), "block", "r");
        check(&only, &Event::call("t", &document), "block", "r");
    }
    for (url, blocked) in [
        ("https://a.good.test/x", false),
        ("https://good.test.evil.test", true),
        ("https://evil.test/a.good.test", true),
        ("https://agood.test", true),
    ] {
        let document = json!({ "url": url });
        assert_eq!(only.decide(&Event::call("t", &document)).effect().name() == "block", blocked, "{url}");
        check(&inside, &Event::call("t", &document), "allow", "");
    }
}
