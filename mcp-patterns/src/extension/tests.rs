use mcp_core::Server;
use mcp_core::protocol::{ErrorCode, ProtocolVersion};
use mcp_core::server::resource;
use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::skill::{Mode, digest_of};

const REFUNDS: &str = "---\nname: refunds\ndescription: Pays money back.\nlicense: MIT\nmetadata:\n  version: \"2\"\n---\n\n# Refunds\n";
const INNER: &str = "---\nname: inner\ndescription: Within another.\n---\n\n# Inner\n";

fn set() -> SkillSet {
    let mut set = SkillSet::new();
    let files: [(&str, &[u8]); 4] = [
        ("SKILL.md", REFUNDS.as_bytes()),
        ("templates/e mail.md", b"Dear"),
        ("templates/logo.png", &[0, 159, 146, 150]),
        ("inner/SKILL.md", INNER.as_bytes()),
    ];
    assert!(set.add_files("acme/billing", files, Mode::Strict).unwrap().is_empty());
    for name in ["alpha", "beta", "gamma"] {
        let text = format!("---\nname: {name}\ndescription: Letter.\n---\nText\n");
        set.add_files("", [("SKILL.md", text.as_bytes())], Mode::Strict).unwrap();
    }
    set
}

fn served(skills: &Skills) -> (Server, TestClient) {
    let server = skills.install(Server::builder("shop", "1.0.0")).build().unwrap();
    (server.clone(), TestClient::connect(server))
}

async fn code(client: &TestClient, method: &str, params: Value) -> i64 {
    i64::from(client.request(method, params).await.unwrap_err().code.0)
}

#[tokio::test]
async fn entries_are_complete_and_verbatim() {
    let (_server, client) = served(&Skills::new(set()));
    let got = client
        .request("skills/get", json!({ "uri": "skill://acme/billing/refunds/SKILL.md" }))
        .await
        .unwrap();
    assert_eq!(
        (&got["ttlMs"], &got["cacheScope"], &got["resultType"]),
        (&json!(300_000), &json!("public"), &json!("complete"))
    );
    let entry: SkillEntry = serde_json::from_value(got["skill"].clone()).unwrap();
    assert_eq!(
        json!(entry.frontmatter),
        json!({ "name": "refunds", "description": "Pays money back.", "license": "MIT", "metadata": { "version": "2" } })
    );
    let Manifest::Listed(files) = &entry.resources else { panic!("listed") };
    let root = "skill://acme/billing/refunds";
    let uris: Vec<_> = files.iter().map(|file| file.uri.strip_prefix(root).unwrap()).collect();
    assert_eq!(uris, ["/SKILL.md", "/inner/SKILL.md", "/templates/e%20mail.md", "/templates/logo.png"]);
    assert_eq!(files[0].digest, digest_of(REFUNDS.as_bytes()));
    assert_eq!(files[3].size, 4);
    // What is nested is a skill of its own, too.
    let inner =
        client.request("skills/get", json!({ "uri": format!("{root}/inner/SKILL.md") })).await.unwrap();
    assert_eq!(inner["skill"]["frontmatter"]["name"], "inner");
}

#[tokio::test]
async fn lists_have_pages_that_stay_good_when_skills_come_and_go() {
    let skills = Skills::new(set()).page_size(2);
    let (server, client) = served(&skills);
    let first = client.request("skills/list", json!({})).await.unwrap();
    assert_eq!(first["skills"].as_array().unwrap().len(), 2);
    assert_eq!(first["nextCursor"], "skill://acme/billing/refunds/inner/SKILL.md");
    // The skill that the cursor names goes: the second page begins where it did.
    let mut fewer = SkillSet::new();
    fewer
        .add_files("", [("SKILL.md", &b"---\nname: beta\ndescription: New.\n---\nText\n"[..])], Mode::Strict)
        .unwrap();
    skills.replace(fewer, &server).unwrap();
    let second = client.request("skills/list", json!({ "cursor": first["nextCursor"] })).await.unwrap();
    assert_eq!(second["skills"][0]["uri"], "skill://beta/SKILL.md");
    assert!(second.get("nextCursor").is_none());
    assert_eq!(code(&client, "skills/list", json!({ "cursor": "nonsense" })).await, -32602);
    let listed = client.request("resources/list", json!({})).await.unwrap();
    assert_eq!(listed["resources"].as_array().unwrap().len(), 1);
    assert_eq!(listed["resources"][0]["description"], "New.");
}

#[tokio::test]
async fn files_and_directories_are_read() {
    let (_server, client) = served(&Skills::new(set()));
    let read = client
        .request("resources/read", json!({ "uri": "skill://acme/billing/refunds/SKILL.md" }))
        .await
        .unwrap();
    assert_eq!(
        (&read["contents"][0]["text"], &read["contents"][0]["mimeType"]),
        (&json!(REFUNDS), &json!("text/markdown"))
    );
    let logo = client
        .request("resources/read", json!({ "uri": "skill://acme/billing/refunds/templates/logo.png" }))
        .await
        .unwrap();
    assert_eq!(
        (&logo["contents"][0]["blob"], &logo["contents"][0]["mimeType"]),
        (&json!("AJ+Slg=="), &json!("image/png"))
    );

    let children = async |uri: &str| {
        let read = client.request("resources/directory/read", json!({ "uri": uri })).await.unwrap();
        let children = read["resources"].as_array().unwrap().clone();
        children
            .iter()
            .map(|c| format!("{} {}", c["name"].as_str().unwrap(), c["mimeType"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        children("skill://acme/billing/refunds").await,
        ["refunds text/markdown", "inner inode/directory", "templates inode/directory"]
    );
    assert_eq!(
        children("skill://acme/billing/refunds/templates").await,
        ["e mail.md text/markdown", "logo.png image/png"]
    );
    assert_eq!(children("skill://acme").await, ["billing inode/directory"]);
}

#[tokio::test]
async fn what_is_not_there_is_invalid() {
    let (_server, client) = served(&Skills::new(set()));
    let root = "skill://acme/billing/refunds";
    for (method, uri) in [
        ("skills/get", "skill://nothing/SKILL.md".to_owned()),
        ("skills/get", format!("{root}/templates/logo.png")),
        ("resources/directory/read", format!("{root}/SKILL.md")),
        ("resources/directory/read", format!("{root}/nowhere")),
        ("resources/read", format!("{root}/nowhere.md")),
        ("resources/read", format!("{root}/../refunds/SKILL.md")),
    ] {
        assert_eq!(code(&client, method, json!({ "uri": uri })).await, -32602, "{method} {uri}");
    }
    assert_eq!(code(&client, "skills/get", json!({})).await, i64::from(ErrorCode::INVALID_PARAMS.0));
    let said = client.request("server/discover", json!({})).await.unwrap();
    assert_eq!(said["capabilities"]["extensions"][ID], json!({ "directoryRead": true }));
    assert!(said["capabilities"]["resources"].is_object());
}

#[tokio::test]
async fn what_a_caller_may_not_read_is_not_there() {
    let skills = Skills::new(set()).page_size(1).to_callers(|request, entry| {
        let user = request.peer.principal.as_deref().map_or("", |who| &who.user);
        user == "ann" || user == "bob" && matches!(entry.name(), "inner" | "beta")
    });
    // A rule that the server has already holds, too.
    let builder = Server::builder("shop", "1.0.0")
        .resource(resource("shop://secret", "secret", async || "none of theirs"))
        .visibility(|_, shown| shown.name != "shop://secret");
    let server = skills.install(builder).build().unwrap();
    let connect =
        |user: &str| TestClient::builder().principal(Principal::new("acme", user)).connect(server.clone());
    let root = "skill://acme/billing/refunds";
    for (user, listed) in [("ann", 5), ("bob", 2), ("eve", 0)] {
        let client = connect(user).await;
        let (mut uris, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let page = client.request("skills/list", json!({ "cursor": cursor })).await.unwrap();
            assert_eq!(page["cacheScope"], "private");
            uris.extend(page["skills"].as_array().unwrap().iter().map(|skill| skill["uri"].clone()));
            cursor = page["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(uris.len(), listed, "{user}");
        let all = client.request("resources/list", json!({})).await.unwrap();
        let all: Vec<_> = all["resources"].as_array().unwrap().iter().map(|of| of["uri"].clone()).collect();
        assert!(all.iter().all(|uri| uris.contains(uri)), "{user}: {all:?}");
    }
    let bob = connect("bob").await;
    let read = async |method: &str, uri: &str| bob.request(method, json!({ "uri": uri })).await;
    for (method, uri) in [
        ("skills/get", format!("{root}/SKILL.md")),
        ("resources/read", format!("{root}/SKILL.md")),
        ("resources/read", format!("{root}/templates/logo.png")),
        ("resources/read", "skill://alpha/SKILL.md".to_owned()),
        ("resources/directory/read", format!("{root}/templates")),
        ("resources/directory/read", "skill://alpha".to_owned()),
    ] {
        assert!(read(method, &uri).await.is_err(), "{method} {uri}");
    }
    let inner = read("resources/read", &format!("{root}/inner/SKILL.md")).await.unwrap();
    assert_eq!(inner["contents"][0]["text"], INNER);
    // On the way to it there is nothing else.
    let outer = read("resources/directory/read", root).await.unwrap();
    assert_eq!(outer["resources"].as_array().unwrap().len(), 1);
    assert_eq!(outer["resources"][0]["name"], "inner");
}

#[tokio::test]
async fn a_changed_set_is_told_once() {
    let skills = Skills::new(set());
    let server = skills.install(Server::builder("shop", "1.0.0")).build().unwrap();
    let client = TestClient::connect_as(ProtocolVersion::V2025_06_18, server.clone()).await;
    let mut fewer = SkillSet::new();
    fewer.add_files("", [("SKILL.md", INNER.as_bytes())], Mode::Strict).unwrap();
    skills.replace(fewer, &server).unwrap();
    let told = client.next_notification().await;
    assert_eq!(told.method, "notifications/resources/list_changed");
    let listed = client.request("resources/list", json!({})).await.unwrap();
    assert_eq!(listed["resources"][0]["uri"], "skill://inner/SKILL.md");
}

#[test]
fn what_no_host_would_load_is_not_served() {
    let mut set = SkillSet::new();
    let mut add = |prefix: &str, text: &str| {
        set.add_files(prefix, [("SKILL.md", text.as_bytes())], Mode::Lenient).map(drop)
    };
    add("", INNER).unwrap();
    assert!(matches!(add("", INNER), Err(PublishError::Taken { .. })));
    assert!(matches!(add("../up", INNER), Err(PublishError::Prefix { .. })));
    assert!(matches!(
        add("", "---\nname: Not Good\ndescription: d\n---\nText\n"),
        Err(PublishError::Invalid { .. })
    ));
    // A host that reads the YAML itself would find something else.
    assert!(matches!(
        add("", "---\nname: a\ndescription: when: asked\n---\nText\n"),
        Err(PublishError::Invalid { .. })
    ));
    add("", "---\nname: a\ndescription: d\nmodel: opus\n---\nText\n").unwrap();
}

#[test]
fn a_tree_is_served_but_for_what_is_wrong() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in
        [("team/inner/SKILL.md", INNER), ("bad/SKILL.md", "no frontmatter"), ("notes.md", "x")]
    {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut set = SkillSet::new();
    let problems = set.add_tree("shop", root.path(), Mode::Strict);
    assert_eq!(problems.len(), 1);
    assert_eq!(
        set.entries().map(|entry| entry.uri.as_str()).collect::<Vec<_>>(),
        ["skill://shop/team/inner/SKILL.md"]
    );
}

proptest! {
    #[test]
    fn paths_come_back_from_uris(path in "[^\u{0}-\u{1f}/\\\\\u{7f}-\u{9f}]{1,20}") {
        prop_assume!(path != "." && path != "..");
        let uri = format!("skill://a/{}", uri::escape(&path));
        prop_assert!(uri.is_ascii());
        prop_assert_eq!(uri::within("skill://a", &uri).and_then(uri::unescape), Some(path));
    }

    #[test]
    fn nothing_leads_out_of_a_skill(path in "[a%2eEfF./\\\\]{0,16}") {
        let uri = format!("skill://a/{path}");
        if let Some(inside) = uri::within("skill://a", &uri) {
            for part in inside.split('/') {
                let part = uri::unescape(part).unwrap();
                prop_assert!(part != ".." && part != "." && !part.contains(['/', '\\']));
            }
        }
    }
}
