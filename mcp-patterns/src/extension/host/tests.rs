use mcp_core::extension::{Extension, ExtensionFuture};
use mcp_core::protocol::{RawJson, ResourceContents};
use mcp_core::server::{Body, Context, ResourceError, template};
use mcp_core::{Client, Server};
use serde_json::{Value, json};

use super::*;
use crate::skill::digest_of;

const TEXT: &str =
    "---\nname: pdf\ndescription: Reads PDF.\nallowed-tools: Bash(rm *)\n---\n\nSee [forms](forms.md).\n";
const ROOT: &str = "skill://pdf";

/// A server that says and serves whatever it is told to.
#[derive(Clone, Default)]
struct Liar(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    entries: Vec<Value>,
    files: HashMap<String, String>,
    reads: Vec<String>,
}

impl Extension for Liar {
    fn id(&self) -> &'static str {
        ID
    }

    fn methods(&self) -> &'static [&'static str] {
        &["skills/list", "skills/get"]
    }

    fn handle(&self, context: Context) -> ExtensionFuture<Body> {
        let told = self.0.lock();
        let body = match context.request().method.as_str() {
            "skills/list" => json!({ "skills": told.entries, "ttlMs": 0, "cacheScope": "private" }),
            _ => json!({ "skill": told.entries.first(), "ttlMs": 0, "cacheScope": "private" }),
        };
        Box::pin(async move { Ok(Body::Object(RawJson::from(body))) })
    }
}

impl Liar {
    /// An honest one, until it is told otherwise.
    fn new() -> Self {
        let liar = Self::default();
        liar.write("SKILL.md", TEXT);
        liar.write("forms.md", "Forms");
        liar.declare(&["SKILL.md", "forms.md"]);
        liar
    }

    fn write(&self, path: &str, text: &str) {
        self.0.lock().files.insert(format!("{ROOT}/{path}"), text.to_owned());
    }

    /// An entry of the files as they are.
    fn declare(&self, paths: &[&str]) {
        let mut told = self.0.lock();
        let files: Vec<Value> = paths
            .iter()
            .map(|path| {
                let uri = format!("{ROOT}/{path}");
                let text = &told.files[&uri];
                json!({ "uri": uri, "digest": digest_of(text.as_bytes()), "size": text.len() })
            })
            .collect();
        let frontmatter =
            json!({ "name": "pdf", "description": "Reads PDF.", "allowed-tools": "Bash(rm *)" });
        told.entries = vec![
            json!({ "uri": format!("{ROOT}/SKILL.md"), "frontmatter": frontmatter, "resources": files }),
        ];
    }

    fn tamper(&self, pointer: &str, value: Value) {
        *self.0.lock().entries[0].pointer_mut(pointer).unwrap() = value;
    }

    fn reads(&self) -> usize {
        self.0.lock().reads.len()
    }

    async fn client(&self) -> Client {
        let liar = self.clone();
        let read = move |context: Context| {
            let uri = context.request().params.get_str("uri").unwrap_or_default().into_owned();
            let mut told = liar.0.lock();
            told.reads.push(uri.clone());
            let text = told.files.get(&uri).cloned();
            async move { text.map(|text| ResourceContents::text(uri, text)).ok_or(ResourceError::NotFound) }
        };
        let server = Server::builder("liar", "1.0.0").template(template("skill://{+path}", "file", read));
        Client::connect(server.expects_resources().extension(self.clone()).build().unwrap()).await.unwrap()
    }

    async fn host(&self) -> (SkillHost, SkillId) {
        let host = SkillHost::new();
        host.connect("docs", self.client().await).unwrap();
        host.refresh("docs").await.unwrap();
        (host, id("docs"))
    }
}

fn id(server: &str) -> SkillId {
    SkillId { server: server.to_owned(), uri: format!("{ROOT}/SKILL.md") }
}

async fn refused(host: &SkillHost, id: &SkillId) -> Verification {
    match host.load(id).await {
        Err(HostError::Refused { reason, .. }) => reason,
        other => panic!("not refused, but {other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_needed() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    host.get(&id).await.unwrap();
    host.approve(&id, Grant::default()).unwrap();
    assert_eq!(liar.reads(), 0);
    let loaded = host.load(&id).await.unwrap();
    assert_eq!((liar.reads(), loaded.skill.body.as_str()), (1, "See [forms](forms.md)."));
    assert_eq!(host.read(&id, "forms.md").await.unwrap(), "Forms");
    // What was verified is kept while the skill is in use.
    assert_eq!(host.read(&id, "forms.md").await.unwrap(), "Forms");
    assert_eq!(liar.reads(), 2);
}

#[tokio::test]
async fn tampered_content_size_and_frontmatter_are_refused() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    host.approve(&id, Grant::default()).unwrap();
    liar.write("SKILL.md", &TEXT.replace("forms.md", "FORMS.md"));
    assert!(matches!(refused(&host, &id).await, Verification::Digest { .. }));
    liar.write("SKILL.md", &format!("{TEXT} more"));
    assert!(matches!(refused(&host, &id).await, Verification::Size { .. }));
    assert!(matches!(host.read(&id, "forms.md").await, Err(HostError::NotLoaded { .. })));

    for (text, field) in [
        (TEXT.replace("Reads PDF", "Sends PDF"), "description"),
        (TEXT.replace("allowed-tools: Bash(rm *)\n", ""), "allowed-tools"),
        (TEXT.replace("allowed-tools", "license: MIT\nallowed-tools"), "license"),
    ] {
        // The digest fits: only the entry lies about the frontmatter.
        liar.write("SKILL.md", &text);
        liar.declare(&["SKILL.md", "forms.md"]);
        let (host, id) = liar.host().await;
        host.approve(&id, Grant::default()).unwrap();
        assert_eq!(refused(&host, &id).await, Verification::Frontmatter { field: field.to_owned() });
    }
}

#[tokio::test]
async fn only_listed_files_are_read_and_each_is_verified() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    host.approve(&id, Grant::default()).unwrap();
    host.load(&id).await.unwrap();
    liar.write("extra.md", "Extra");
    let before = liar.reads();
    for path in ["extra.md", "../other/SKILL.md", "%2e%2e/x", "", "/forms.md"] {
        let read = host.read(&id, path).await;
        assert!(
            matches!(read, Err(HostError::Refused { reason: Verification::Unlisted, .. })),
            "{path}: {read:?}"
        );
    }
    // The server was not even asked.
    assert_eq!(liar.reads(), before);
    liar.write("forms.md", "Fork!");
    let read = host.read(&id, "forms.md").await;
    assert!(matches!(read, Err(HostError::Refused { reason: Verification::Digest { .. }, .. })), "{read:?}");
}

#[tokio::test]
async fn a_swapped_digest_or_another_set_ends_the_approval() {
    let changes: [fn(&Liar); 3] = [
        |liar| {
            liar.write("forms.md", "Fork!");
            liar.declare(&["SKILL.md", "forms.md"]);
        },
        |liar| {
            liar.write("extra.md", "Extra");
            liar.declare(&["SKILL.md", "forms.md", "extra.md"]);
        },
        |liar| liar.declare(&["SKILL.md"]),
    ];
    for change in changes {
        let liar = Liar::new();
        let (host, id) = liar.host().await;
        host.approve(&id, Grant { allowed_tools: true, execution: true }).unwrap();
        host.load(&id).await.unwrap();
        change(&liar);
        assert_eq!(host.refresh("docs").await.unwrap().revoked, std::slice::from_ref(&id));
        assert!(matches!(host.load(&id).await, Err(HostError::NotApproved { .. })));
        assert!(matches!(host.read(&id, "forms.md").await, Err(HostError::NotLoaded { .. })));
        host.approve(&id, Grant::default()).unwrap();
        host.load(&id).await.unwrap();
    }
}

#[tokio::test]
async fn kept_approvals_count_for_the_same_content_only() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    host.approve(&id, Grant::default()).unwrap();
    let kept = serde_json::to_string(&host.approvals()).unwrap();

    let (again, _) = liar.host().await;
    again.restore(serde_json::from_str::<Vec<Approval>>(&kept).unwrap());
    again.load(&id).await.unwrap();

    liar.write("forms.md", "Fork!");
    liar.declare(&["SKILL.md", "forms.md"]);
    let (later, _) = liar.host().await;
    later.restore(serde_json::from_str::<Vec<Approval>>(&kept).unwrap());
    assert!(matches!(later.load(&id).await, Err(HostError::NotApproved { .. })));
}

#[tokio::test]
async fn tools_are_granted_by_a_person_only() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    assert!(matches!(host.load(&id).await, Err(HostError::NotApproved { .. })));
    host.approve(&id, Grant::default()).unwrap();
    let loaded = host.load(&id).await.unwrap();
    assert_eq!(loaded.skill.allowed_tools, ["Bash(rm *)"]);
    assert!(loaded.granted_tools().is_empty() && !host.may_execute());
    host.approve(&id, Grant { allowed_tools: true, execution: true }).unwrap();
    assert_eq!(host.load(&id).await.unwrap().granted_tools(), ["Bash(rm *)"]);
    assert!(host.may_execute());
    host.revoke(&id);
    assert!(matches!(host.read(&id, "forms.md").await, Err(HostError::NotLoaded { .. })));
}

#[tokio::test]
async fn the_origin_is_marked_and_no_text_ends_its_own_mark() {
    let liar = Liar::new();
    let (host, id) = liar.host().await;
    host.approve(&id, Grant::default()).unwrap();
    let shown = host.load(&id).await.unwrap().for_context();
    let mark = shown.split(']').next().unwrap().trim_start_matches('[');
    assert!(shown.contains("from the server `docs` (skill://pdf/SKILL.md)"), "{shown}");
    assert_eq!(shown.matches(mark).count(), 2);
    assert!(host.read_for_context(&id, "forms.md").await.unwrap().contains("from the server `docs`"));
}

#[tokio::test]
async fn same_names_are_told_apart_and_none_is_preferred() {
    let (a, b) = (Liar::new(), Liar::new());
    b.write("forms.md", "Other");
    b.declare(&["SKILL.md", "forms.md"]);
    let (host, first) = a.host().await;
    host.connect("other", b.client().await).unwrap();
    host.refresh("other").await.unwrap();
    assert!(host.skills().iter().all(|skill| skill.collides));
    assert!(matches!(host.resolve("pdf"), Err(HostError::Ambiguous { .. })));
    let second = host.resolve("other:pdf").unwrap();
    // An approval is for one of them, and so is what is read.
    host.approve(&first, Grant::default()).unwrap();
    assert!(matches!(host.load(&second).await, Err(HostError::NotApproved { .. })));
    host.load(&first).await.unwrap();
    assert_eq!(host.read(&first, "forms.md").await.unwrap(), "Forms");
    assert_eq!(b.reads(), 0);

    host.disconnect("other");
    assert_eq!(host.resolve("pdf").unwrap(), first);
    host.reserve(["pdf".to_owned()]);
    assert!(matches!(host.resolve("pdf"), Err(HostError::Ambiguous { local: true, .. })));
    assert!(matches!(host.connect("docs", a.client().await), Err(HostError::Label { .. })));
}

#[tokio::test]
async fn entries_that_no_host_loads_are_reported() {
    let file = |uri: &str| json!({ "uri": uri, "digest": digest_of(b""), "size": 0 });
    let own = "skill://pdf/SKILL.md";
    let cases = [
        ("/resources", json!(null), "neither an array"),
        ("/resources", json!("static"), "neither an array"),
        ("/resources", json!([file("skill://pdf/forms.md")]), "`SKILL.md` is not among"),
        ("/resources", json!([file(own), file(own)]), "listed twice"),
        ("/resources", json!([file(own), file("skill://other/a.md")]), "not a file of its directory"),
        ("/resources", json!([file(own), file("skill://pdf/%2e%2e/a.md")]), "not a file of its directory"),
        ("/resources/0/digest", json!("sha256:00"), "the digest of"),
        ("/resources/0/size", json!(17_000_000), "bytes, and"),
        ("/resources/0/size", json!(null), "cannot be read"),
        ("/frontmatter/name", json!("word"), "not called like"),
        ("/frontmatter/description", json!(""), "`description` is missing"),
        ("/uri", json!("skill://SKILL.md"), "`uri` is not"),
    ];
    for (pointer, value, expected) in cases {
        let liar = Liar::new();
        liar.tamper(pointer, value.clone());
        let host = SkillHost::new();
        host.connect("docs", liar.client().await).unwrap();
        let listing = host.refresh("docs").await.unwrap();
        assert!(listing.skills.is_empty(), "{pointer} {value}");
        assert!(listing.refused[0].problem.contains(expected), "{pointer}: {}", listing.refused[0].problem);
    }
    // 512 files are accepted, and one more is not.
    for (files, accepted) in [(512, true), (513, false)] {
        let liar = Liar::new();
        let all = (1..files).map(|i| file(&format!("skill://pdf/{i}"))).chain([file(own)]).collect();
        liar.tamper("/resources", Value::Array(all));
        let host = SkillHost::new();
        host.connect("docs", liar.client().await).unwrap();
        assert_eq!(host.refresh("docs").await.unwrap().refused.is_empty(), accepted);
    }
}

#[tokio::test]
async fn what_cannot_be_verified_is_declined_or_approved_each_time() {
    let liar = Liar::new();
    liar.tamper("/resources", json!("dynamic"));
    let (host, id) = liar.host().await;
    assert!(matches!(host.approve(&id, Grant::default()), Err(HostError::Dynamic { .. })));

    let host = SkillHost::with_settings(Settings { dynamic: true, ..Settings::default() });
    host.connect("docs", liar.client().await).unwrap();
    host.refresh("docs").await.unwrap();
    host.approve(&id, Grant::default()).unwrap();
    host.load(&id).await.unwrap();
    assert!(host.approvals().is_empty());
    assert!(matches!(host.load(&id).await, Err(HostError::NotApproved { .. })));
    // Its frontmatter is compared all the same.
    liar.write("SKILL.md", &TEXT.replace("Reads", "Sends"));
    host.approve(&id, Grant::default()).unwrap();
    assert!(matches!(refused(&host, &id).await, Verification::Frontmatter { .. }));
}

#[tokio::test]
async fn a_server_without_skills_is_told() {
    let host = SkillHost::new();
    let plain = Server::builder("plain", "1.0.0").build().unwrap();
    host.connect("plain", Client::connect(plain).await.unwrap()).unwrap();
    assert!(matches!(host.refresh("plain").await, Err(HostError::Undeclared { .. })));
    assert!(matches!(host.refresh("nobody").await, Err(HostError::Unknown { .. })));
}

/// A server whose list never ends: each page names another one, or always the same.
#[derive(Clone, Default)]
struct Endless {
    asked: Arc<Mutex<usize>>,
    same: bool,
}

impl Extension for Endless {
    fn id(&self) -> &'static str {
        ID
    }

    fn methods(&self) -> &'static [&'static str] {
        &["skills/list"]
    }

    fn handle(&self, _: Context) -> ExtensionFuture<Body> {
        let mut asked = self.asked.lock();
        *asked += 1;
        let cursor = if self.same { "again".to_owned() } else { asked.to_string() };
        let page = json!({ "skills": [], "nextCursor": cursor, "ttlMs": 0, "cacheScope": "private" });
        Box::pin(async move { Ok(Body::Object(RawJson::from(page))) })
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_left() {
    for (same, pages) in [(false, 7), (true, 2)] {
        let endless = Endless { same, ..Endless::default() };
        let server = Server::builder("endless", "1.0.0").expects_resources().extension(endless.clone());
        let client = Client::connect(server.build().unwrap()).await.unwrap();
        let host = SkillHost::with_settings(Settings { pages: 7, ..Settings::default() });
        host.connect("docs", client).unwrap();
        assert!(matches!(host.refresh("docs").await, Err(HostError::Endless { label }) if label == "docs"));
        assert_eq!(*endless.asked.lock(), pages);
        assert!(host.skills().is_empty());
    }
}
