//! The rules of ARCHITECTURE.md that a machine can check: who may depend on whom, how large things may get, and what
//! must not be in them. It reads the tree and asks cargo, offline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// Code lines of a file: without comments, blank lines and inline tests.
const LINES: usize = 600;
const FEATURES: usize = 12;
/// Crates that a server compiles, itself and procedural macros among them.
const CRATES: [(&str, usize); 2] = [("stdio", 60), ("http-server", 95)];
const LICENSE: &str = "Apache-2.0 OR MIT";

/// The top of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Fails with all that is wrong at once.
fn nothing(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

/// Our files that end with `suffix`, by their path from the top.
fn files(suffix: &str) -> Vec<(String, String)> {
    let (root, mut found, mut folders) = (root(), Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                    folders.push(entry.path());
                }
            } else if name.ends_with(suffix) {
                let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((path, fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no files end with {suffix}");
    found.sort();
    found
}

/// Rust code without comments and without what stands in strings; line breaks of comments go too.
fn code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(end) = raw_string(rest).filter(|_| !word) {
            out.push_str("\"\"");
            end
        } else if next == '"' {
            out.push_str("\"\"");
            quoted(rest)
        } else if let Some(end) = char_literal(rest) {
            out.push_str("' '");
            end
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        match text.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") if depth == 1 => return at + 2,
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            _ if at >= text.len() => return text.len(),
            _ => at += 1,
        }
    }
}

/// The end of `r"…"`, `br#"…"#` and the like.
fn raw_string(text: &str) -> Option<usize> {
    let marks =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let inner = marks.trim_start_matches('#');
    let close = format!("\"{}", "#".repeat(marks.len() - inner.len()));
    let inner = inner.strip_prefix('"')?;
    Some(text.len() - inner.len() + inner.find(&close)? + close.len())
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// The end of `'x'` or `'\u{e9}'`; none for a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        return Some(2 + escape.char_indices().skip(1).find(|(_, c)| *c == '\'')?.0 + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(1 + first + 1)
}

/// Code without what an attribute that contains `mark` stands on, be it a block or ends with a semicolon.
fn without(code: &str, mark: &str) -> String {
    let (mut out, mut rest) = (String::new(), code);
    while let Some(at) = rest.find("#[cfg(").filter(|at| rest[*at..].contains(mark)) {
        let attribute = &rest[at..];
        let end = attribute.find(']').unwrap();
        out.push_str(&rest[..at]);
        if attribute[..end].contains(mark) {
            rest = &attribute[item(attribute, end + 1)..];
        } else {
            out.push_str(&attribute[..end]);
            rest = &attribute[end..];
        }
    }
    out + rest
}

fn item(code: &str, from: usize) -> usize {
    let mut depth = 0usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, '}' | ';') {
            return from + at + 1;
        }
    }
    code.len()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn code_is_told_from_comments_strings_and_tests() {
    let check = |text: &str, expect: &str| assert_eq!(code(text), expect, "{text}");
    check("a // unsafe\nb /* x /* y */ z */ c", "a \nb  c");
    check(
        r##"f("\" // no", r#"" /*"#, b"x", 'a', '\'', '"') for 'a"##,
        r#"f("", "", b"", ' ', ' ', ' ') for 'a"#,
    );
    check("br\"unsafe\" for\"x\"", "\"\" for\"\"");
    let tests =
        "fn a() {}\n#[cfg(feature = \"\")]\nfn b() {}\n#[cfg(test)]\nmod tests { fn c() { {} } }\nfn d() {}";
    let left = without(tests, "(test)");
    assert!(left.contains("fn b") && left.contains("fn d") && !left.contains("fn c"), "{left}");
    assert_eq!(without("#[cfg(test)]\nmod tests;\nfn e() {}", "(test)").trim(), "fn e() {}");
}

#[test]
fn files_are_small() {
    let long = files(".rs").into_iter().filter_map(|(path, text)| {
        let lines = without(&code(&text), "(test)").lines().filter(|line| !line.trim().is_empty()).count();
        (lines > LINES).then(|| format!("{path} has {lines} code lines"))
    });
    nothing(&long.collect::<Vec<_>>(), &format!("a file holds one concept in at most {LINES} code lines"));
}

#[test]
fn nothing_is_unsafe_or_left_to_do() {
    let mut wrong = Vec::new();
    for (path, text) in files(".rs") {
        let code = code(&text);
        // The Python bindings have their own lint table: fork and the interpreter need it.
        if words(&code).any(|word| word == "unsafe") && !path.starts_with("bindings/python/") {
            wrong.push(format!("{path} is unsafe"));
        }
        for stub in ["todo!", "unimplemented!"] {
            if code.contains(stub) {
                wrong.push(format!("{path} has a {stub}"));
            }
        }
    }
    nothing(&wrong, "code is safe and finished");
}

#[test]
fn lib_rs_is_a_table_of_contents() {
    const ITEMS: [&str; 10] =
        ["fn", "impl", "struct", "enum", "trait", "type", "union", "static", "const", "macro_rules"];
    let mut wrong = Vec::new();
    for package in packages(&root().join("Cargo.toml")) {
        let targets = package["targets"].as_array().unwrap().iter();
        // Procedural macros have to stand at the root of their crate; what is never published may share code as it likes.
        let libraries = targets.filter(|target| target["kind"] == serde_json::json!(["lib"]));
        for target in libraries.filter(|_| !is_top(&package_folder(&package))) {
            let path = target["src_path"].as_str().unwrap();
            let code = without(&code(&fs::read_to_string(path).unwrap()), "doctest");
            if let Some(item) = words(&code).find(|word| ITEMS.contains(word)) {
                wrong.push(format!("{} holds a `{item}`", package_folder(&package)));
            }
        }
    }
    nothing(&wrong, "`lib.rs` holds documentation, modules and re-exports");
}

fn cargo(arguments: &[&str]) -> String {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).arg("--offline").current_dir(root()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of a workspace.
fn packages(manifest: &Path) -> Vec<Value> {
    let manifest = manifest.to_str().unwrap();
    let text = cargo(&["metadata", "--format-version=1", "--no-deps", "--manifest-path", manifest]);
    serde_json::from_str::<Value>(&text).unwrap()["packages"].as_array().unwrap().clone()
}

/// Where a package is, from the top.
fn package_folder(package: &Value) -> String {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Whether packages of a folder are never published: they are run here, and nobody depends on them.
fn is_top(folder: &str) -> bool {
    let top = ["bindings", "examples", "benches", "interop", "conformance"]
        .iter()
        .any(|top| folder.split('/').next() == Some(top));
    top || folder == "mcp-core/fuzz"
}

/// Whether the package in `folder` may use the one named `used`. Who is not listed uses nobody.
fn may_use(folder: &str, used: &str) -> bool {
    match folder {
        "mcp-workbench/cli" => true,
        top if is_top(top) => true,
        "mcp-core" => used == "mcp-core-macros",
        "mcp-core/edge" | "mcp-core/authority" => ["mcp-core", "mcp-core-macros"].contains(&used),
        "mcp-memory" | "mcp-guardrails" | "mcp-patterns" | "mcp-workbench/fleet" => used == "mcp-core",
        "mcp-workbench/gateway" => ["mcp-core", "mcp-guardrails"].contains(&used),
        "mcp-workbench/services" => ["mcp-core", "mcp-memory"].contains(&used),
        "mcp-workbench" => [
            "mcp-core",
            "mcp-edge",
            "mcp-guardrails",
            "mcp-patterns",
            "mcp-memory",
            "mcp-gateway",
            "mcp-fleet",
            "mcp-services",
        ]
        .contains(&used),
        _ => false,
    }
}

#[test]
fn packages_use_only_those_below_them() {
    let check = |folder, used, expect| assert_eq!(may_use(folder, used), expect, "{folder} and {used}");
    check("mcp-core", "mcp-memory", false);
    check("mcp-memory", "mcp-guardrails", false);
    check("mcp-workbench/gateway", "mcp-fleet", false);
    check("mcp-patterns", "mcp-workbench", false);
    let mut wrong = Vec::new();
    for package in packages(&root().join("Cargo.toml")) {
        let folder = package_folder(&package);
        for used in package["dependencies"].as_array().unwrap().iter().filter(|used| used["path"].is_string())
        {
            let name = used["name"].as_str().unwrap();
            // The macros are tested with what their output names.
            let tested = used["kind"] == "dev" && name == "mcp-core";
            if !may_use(&folder, name) && !tested {
                wrong.push(format!("{folder} uses {name}"));
            }
            let engine = ["mcp-memory", "mcp-guardrails", "mcp-patterns"].contains(&folder.as_str());
            if engine && used["kind"].is_null() && used["optional"] != true {
                wrong.push(format!("{folder} cannot be built without {name}"));
            }
        }
    }
    nothing(&wrong, "edges point down");
}

#[test]
fn packages_say_how_they_may_be_used() {
    let mut wrong = Vec::new();
    for (path, _) in
        files("Cargo.toml").iter().filter(|(_, text)| text.lines().any(|line| line == "[workspace]"))
    {
        for package in packages(&root().join(path)) {
            let folder = package_folder(&package);
            if package["license"] != LICENSE {
                wrong.push(format!("{folder} is licensed {}", package["license"]));
            }
            let described = package["description"].as_str().is_some_and(|text| !text.is_empty());
            if !described && !is_top(&folder) {
                wrong.push(format!("{folder} has no description"));
            }
            let private = package["publish"].as_array().is_some_and(Vec::is_empty);
            if private != is_top(&folder) {
                wrong.push(format!("{folder} is {}published", if private { "not " } else { "" }));
            }
        }
    }
    nothing(&wrong, "every package has a licence, and only libraries and `mcp` are published");
}

#[test]
fn features_are_few() {
    let core = packages(&root().join("mcp-core/Cargo.toml"));
    let core = core.iter().find(|package| package["name"] == "mcp-core").unwrap();
    let features = core["features"].as_object().unwrap();
    let names: Vec<_> = features.keys().filter(|name| *name != "default").collect();
    assert!(names.len() <= FEATURES, "mcp-core has {} features: {names:?}", names.len());
}

#[test]
fn servers_compile_few_crates() {
    let mut wrong = Vec::new();
    for (feature, most) in CRATES {
        let tree = cargo(&[
            "tree",
            "--package=mcp-core",
            "--no-default-features",
            "--features",
            feature,
            "--edges=no-dev",
            "--prefix=none",
            "--format={p}",
        ]);
        let crates: BTreeSet<_> = tree.lines().map(|line| line.split(" (").next().unwrap_or(line)).collect();
        assert!(crates.len() > 10, "that is no tree: {tree}");
        if crates.len() > most {
            wrong.push(format!("`{feature}` compiles {} crates, {most} allowed: {crates:?}", crates.len()));
        }
    }
    nothing(&wrong, "a small server is small to build");
}
