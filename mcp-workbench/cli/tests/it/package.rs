//! `mcp package`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::Folder;

/// A folder with a server: a script, which is small, that serves what `mcp` has.
fn server() -> Folder {
    let folder = Folder::new();
    let script = format!(
        ". \"$(dirname \"$0\")/settings/where\"\nexec \"$PROGRAM\" serve \"$@\" --directory {}\n",
        folder.path().join("kept").display()
    );
    let path = folder.write("notes", &format!("#!/bin/sh\n{script}"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder.write("settings/where", &format!("PROGRAM={}\n", env!("CARGO_BIN_EXE_mcp")));
    folder
}

const ABOUT: [&str; 8] = [
    "--name",
    "io.github.ann/notes",
    "--author",
    "Ann",
    "--description",
    "Keeps notes.",
    "--file",
    "settings",
];
const PROGRAM: [&str; 4] = ["--", "patterns", "--stdio", "--alone"];

#[test]
fn a_bundle_is_unpacked_and_run_by_its_manifest() {
    let folder = server();
    let more =
        ["--repository", "https://github.com/ann/notes", "--env", "API_KEY", "--out", "dist", "--json"];
    let made = folder.mcp(&[&["package", "notes"], &ABOUT[..], &more, &PROGRAM].concat()).good().json();
    let version = env!("CARGO_PKG_VERSION");
    let bundle = folder.path().join(format!("dist/notes-{version}.mcpb"));
    // 1. What a client that installs it does: unpack, fill in, start.
    let place = folder.path().join("installed");
    zip::ZipArchive::new(fs::File::open(&bundle).unwrap()).unwrap().extract(&place).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(place.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest, made["manifest"]);
    let start = &manifest["server"]["mcp_config"];
    assert_eq!(start["env"], json!({ "API_KEY": "${user_config.api_key}" }));
    let filled =
        |text: &serde_json::Value| text.as_str().unwrap().replace("${__dirname}", place.to_str().unwrap());
    let arguments = start["args"].as_array().unwrap().iter().map(filled);
    let line: Vec<String> = [filled(&start["command"])].into_iter().chain(arguments).collect();
    let listed = folder.mcp(&["list", &line.join(" "), "--json"]).good().json();
    let names = |tools: &serde_json::Value| -> Vec<String> {
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&listed["tools"]), names(&manifest["tools"]));
    assert!(names(&manifest["tools"]).contains(&"recommend".to_owned()));
    // 2. What the registry is told.
    let told: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("dist/server.json")).unwrap()).unwrap();
    let package = &told["packages"][0];
    assert_eq!(
        (&told["name"], &told["version"], &package["fileSha256"], &package["identifier"]),
        (
            &json!("io.github.ann/notes"),
            &json!(version),
            &made["sha256"],
            &json!(format!("https://github.com/ann/notes/releases/download/v{version}/notes-{version}.mcpb"))
        )
    );
    // 3. Nothing that is there is replaced unasked.
    let twice = folder.mcp(&[&["package", "notes"], &ABOUT[..], &more, &PROGRAM].concat());
    assert!(twice.code == 1 && twice.stderr.contains("--force"), "{}", twice.stderr);
    let again =
        folder.mcp(&[&["package", "notes", "--force"], &ABOUT[..], &more, &PROGRAM].concat()).good().json();
    assert_eq!(again["sha256"], made["sha256"], "the same files make the same bundle");
}

#[test]
fn what_cannot_be_packaged_says_what_to_do() {
    let folder = server();
    let without = folder.mcp(&[&["package", "notes"], &ABOUT[..], &PROGRAM].concat()).good();
    assert!(
        without.stderr.contains("no server.json") && !folder.path().join("server.json").exists(),
        "{}",
        without.stderr
    );
    let named = |name: &str| {
        folder.mcp(&[&["package", "notes", "--author", "Ann", "--name", name], &PROGRAM[..]].concat())
    };
    for (ran, says) in [
        (named("notes"), "io.github.you/notes"),
        (named("io.github.ann/notes"), "--description must say in 1 to 100 characters"),
        (folder.mcp(&[&["package", "nowhere"], &ABOUT[..]].concat()), "there is no file nowhere"),
        (
            folder.mcp(&[&["package", "notes", "--url", "ftp://a"], &ABOUT[..], &PROGRAM].concat()),
            "--url must be an address",
        ),
        (
            folder.mcp(&[&["package", "settings/where"], &ABOUT[..]].concat()),
            "the server cannot be asked what it is",
        ),
    ] {
        assert!(ran.code == 1 && ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}
