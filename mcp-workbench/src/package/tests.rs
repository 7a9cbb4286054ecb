//! What is said of a server, and what is refused.

use serde_json::json;

use super::*;

fn asked() -> Asked {
    let tool = json!({ "name": "add", "description": "Adds.", "inputSchema": { "type": "object" } });
    let info = json!({ "name": "sums", "title": "Sums", "version": "1.2.0", "description": "Adds numbers." });
    Asked {
        info: serde_json::from_value(info).unwrap(),
        tools: vec![serde_json::from_value(tool).unwrap()],
        has_prompts: true,
    }
}

fn about() -> About {
    About {
        name: "io.github.ann/sums".to_owned(),
        author: "Ann".to_owned(),
        repository: Some("https://github.com/ann/sums".to_owned()),
        variables: vec!["API_KEY".to_owned()],
        arguments: vec!["--stdio".to_owned()],
        ..About::default()
    }
}

fn checked(change: impl FnOnce(&mut About)) -> Result<Checked, PackageError> {
    let mut about = about();
    change(&mut about);
    Checked::new(about, asked())
}

#[test]
fn both_files_say_what_the_server_says() {
    let server = checked(|_| {}).unwrap();
    let mut manifest = manifest(&server, Path::new("target/release/sums"));
    manifest["compatibility"] = json!("its own system");
    insta::assert_json_snapshot!("manifest", manifest);
    insta::assert_json_snapshot!("server", server_json(&server, &"ab".repeat(32)).unwrap());
    let script = super::manifest(&server, Path::new("sums.py"));
    assert_eq!(script["server"]["mcp_config"]["args"], json!(["${__dirname}/server/sums.py", "--stdio"]));
    assert_eq!(script.get("compatibility"), None);
}

#[test]
fn what_the_schemas_refuse_is_refused_with_the_option() {
    type Change = fn(&mut About);
    let cases: [(Change, &str); 9] = [
        (
            |about| about.name = "sums".into(),
            "--name must be a namespace that is yours, `/` and a name, e.g. `io.github.you/sums`, not `sums`",
        ),
        (|about| about.name = "local/sums".into(), "--name"),
        (|about| about.name = "io.github.ann/a/b".into(), "--name"),
        (|about| about.author = " ".into(), "--author must say who made the server"),
        (|about| about.version = Some("1.2".into()), "--version-of-server must be three numbers"),
        (|about| about.version = Some("^1.2.0".into()), "--version-of-server"),
        (
            |about| about.description = Some("x".repeat(101)),
            "--description must say in 1 to 100 characters what the server is for; now there are 101",
        ),
        (
            |about| about.url = Some("http://a.example/b".into()),
            "--url must be an address that begins with https://",
        ),
        (|about| about.variables = vec!["A B".into()], "--env must be the name of a variable, not `A B`"),
    ];
    for (change, says) in cases {
        let said = checked(change).unwrap_err().to_string();
        assert!(said.starts_with(says), "{said}");
    }
    let nowhere = checked(|about| about.repository = None).unwrap();
    assert!(server_json(&nowhere, "").unwrap_err().to_string().starts_with("--url must say where"));
}

#[test]
fn versions_are_as_semver_has_them() {
    for version in ["0.0.0", "1.2.3", "10.20.30-alpha.1+build.5", "1.0.0-x-y"] {
        assert!(is_semantic(version), "{version}");
    }
    for version in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "v1.2.3", "1.2.3-", "1.2.3+", "1.2.3-a..b"]
    {
        assert!(!is_semantic(version), "{version}");
    }
}

#[test]
fn the_same_files_make_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("server.py"), "print()").unwrap();
    std::fs::create_dir_all(place("lib/inner")).unwrap();
    std::fs::write(place("lib/inner/a.py"), "").unwrap();
    std::fs::write(place("lib/secret.pem"), "").unwrap();
    std::fs::write(place("lib/.mcpbignore"), "*.pem\n").unwrap();
    let made = |name: &str| {
        bundle(&place(name), &json!({ "name": "x" }), &place("server.py"), &[place("lib")]).unwrap()
    };
    let (first, second) = (made("a.mcpb"), made("b.mcpb"));
    assert_eq!((first.sha256.len(), &first.sha256), (64, &second.sha256));
    let names: Vec<_> = first.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["server/lib/inner/a.py", "server/server.py"]);
    assert_eq!(first.size, std::fs::metadata(place("a.mcpb")).unwrap().len());
    let twice = bundle(&place("c.mcpb"), &json!({}), &place("server.py"), &[place("gone")]).unwrap_err();
    assert!(twice.to_string().contains("cannot read") && !place("c.part").exists());
}
