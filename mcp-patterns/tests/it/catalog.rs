//! Sources: what they hold, what is wrong with them, and what happens when they change.

use std::fs;
use std::path::Path;
use std::process::Command;

use mcp_patterns::source::{Directory, Format, GitCheckout, Severity, Source, validate};
use mcp_patterns::{Catalog, Kind};

const SKILL: &str =
    "---\nname: review\ndescription: Reviews code.\nlicense: MIT\nallowed-tools: Read Grep\n---\n# Steps\n";

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn skills_come_with_files_and_broken_ones_are_told_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "review/SKILL.md", SKILL);
    write(folder.path(), "review/scripts/run.sh", "echo");
    write(folder.path(), "broken/SKILL.md", "---\nname: Broken Name\ndescription: x\n---\n");
    let source = Directory::new(folder.path(), Format::Skills { strict: true });
    let catalog = Catalog::builder().source(source.clone()).build();
    let entry = catalog.get("skill:review").unwrap();
    assert_eq!((entry.kind, entry.licence.as_deref()), (Kind::Skill, Some("MIT")));
    assert_eq!(entry.allowed_tools, ["Read", "Grep"]);
    let files: Vec<&str> = entry.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["SKILL.md", "scripts/run.sh"]);
    let report = catalog.report();
    assert_eq!((report.entries, report.licences.as_slice()), (1, [("MIT".to_owned(), 1)].as_slice()));
    let problem = &validate(&source).unwrap()[0];
    assert_eq!((problem.severity, problem.line), (Severity::Error, Some(2)));
    assert!(problem.origin.ends_with("broken/SKILL.md"), "{problem:?}");
}

#[test]
fn the_other_formats_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "fabric/data/patterns/summarize/system.md",
        "# IDENTITY and PURPOSE\n\nYou summarize texts.\n",
    );
    write(folder.path(), "fabric/LICENSE", "MIT License\n");
    write(
        folder.path(),
        "claude/commands/fix.md",
        "---\ndescription: Fixes an issue.\nallowed-tools: Bash, Read\n---\nFix it.\n",
    );
    write(folder.path(), "claude/commands/plain.md", "Just do it.\n");
    write(
        folder.path(),
        "claude/agents/planner.md",
        "---\nname: planner\ndescription: Plans.\ntools: Read\n---\nPlan.\n",
    );
    let rules = r#"{"skills": {"ui": {"promptTriggers": {"keywords": ["button"], "intentPatterns": ["(create|add).*?component", "(?=look)ahead"]}, "fileTriggers": {"pathPatterns": ["src/**/*.tsx"]}},
        "bad": {"promptTriggers": 3}}}"#;
    write(folder.path(), "rules/skill-rules.json", rules);
    let of = |path: &str, format| Directory::new(folder.path().join(path), format);
    let catalog = Catalog::builder()
        .source(of("fabric", Format::Fabric))
        .source(of("claude/commands", Format::Commands))
        .source(of("claude/agents", Format::Agents))
        .source(of("rules", Format::SkillRules))
        .build();
    let ids: Vec<String> = catalog.entries().iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(ids, ["pattern:summarize", "command:fix", "command:plain", "agent:planner", "rule:ui"]);
    assert_eq!(catalog.get("pattern:summarize").unwrap().description, "You summarize texts.");
    assert_eq!(catalog.get("pattern:summarize").unwrap().licence.as_deref(), Some("MIT License"));
    assert_eq!(catalog.get("command:fix").unwrap().allowed_tools, ["Bash", "Read"]);
    let ui = catalog.get("rule:ui").unwrap();
    assert_eq!(
        (&ui.triggers.keywords[0], &ui.triggers.extensions[0]),
        (&"button".to_owned(), &"tsx".to_owned())
    );
    assert_eq!(ui.triggers.patterns, ["(create|add).*?component"]);
    let report = catalog.report();
    let about = |what: &str| report.problems.iter().find(|problem| problem.message.contains(what)).unwrap();
    assert_eq!(about("`bad`").line, Some(2));
    let left_out = about("`(?=look)ahead`");
    assert_eq!((left_out.line, left_out.severity), (Some(1), Severity::Warning));
}

#[test]
fn collisions_are_shown_and_the_first_source_wins() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/review/SKILL.md", SKILL);
    write(folder.path(), "b/review/SKILL.md", SKILL);
    let of = |path: &str| Directory::new(folder.path().join(path), Format::Skills { strict: false });
    let catalog = Catalog::builder().source(of("a")).source(of("b")).build();
    let report = catalog.report();
    let collision = &report.collisions[0];
    assert_eq!((report.entries, collision.id.as_str()), (1, "skill:review"));
    assert!(collision.kept.contains("/a/") && collision.left_out.contains("/b/"), "{collision:?}");
}

#[test]
fn a_source_that_cannot_be_read_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let skills = folder.path().join("skills");
    write(&skills, "review/SKILL.md", SKILL);
    let catalog = Catalog::builder().source(Directory::new(&skills, Format::Skills { strict: true })).build();
    fs::remove_dir_all(&skills).unwrap();
    let report = catalog.reload();
    assert_eq!(report.entries, 1);
    assert!(report.problems[0].message.contains("cannot read"), "{:?}", report.problems);
    write(&skills, "other/SKILL.md", &SKILL.replace("review", "other"));
    assert_eq!(catalog.reload().entries, 1);
    assert!(catalog.get("skill:review").is_none() && catalog.get("skill:other").is_some());
}

#[test]
fn a_commit_is_read_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let done = Command::new("git").arg("-C").arg(folder.path()).args(arguments).output();
        done.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("SKIPPED: there is no git");
        return;
    }
    write(folder.path(), "skills/review/SKILL.md", SKILL);
    assert!(git(&["add", "-A"]));
    assert!(git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]));
    write(folder.path(), "skills/later/SKILL.md", &SKILL.replace("review", "later"));
    let format = Format::Skills { strict: true };
    let source = GitCheckout::new(folder.path().join(".git"), "HEAD", format).unwrap();
    let names: Vec<String> = source.load().unwrap().entries.iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(names, ["review"]);
    assert!(GitCheckout::new("x", "--upload-pack=evil", format).is_err());
    assert!(GitCheckout::new(folder.path().join(".git"), "nothing", format).unwrap().load().is_err());
}

#[cfg(feature = "archive")]
#[test]
fn an_archive_is_read_without_unpacking() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("skills.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        ("skills/review/SKILL.md", SKILL),
        ("../outside/SKILL.md", SKILL),
        ("skills/large/SKILL.md", &"x".repeat(2 << 20)),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let loaded = mcp_patterns::source::Archive::new(&path, Format::Skills { strict: true }).load().unwrap();
    assert_eq!(loaded.entries.len(), 1);
    assert!(
        loaded.problems.iter().any(|problem| problem.message.contains("more than")),
        "{:?}",
        loaded.problems
    );
}

#[cfg(feature = "archive")]
#[test]
fn a_tar_gz_is_read_as_a_zip_is_and_links_and_broken_ends_are_told() {
    use flate2::{Compression, write::GzEncoder};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("skills.tgz");
    let mut tar = tar::Builder::new(Vec::new());
    let add = |tar: &mut tar::Builder<Vec<u8>>, name: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        // What would refuse to write such a name is passed by.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    };
    for name in ["./skills/review/SKILL.md", "../outside/SKILL.md", "/absolute/SKILL.md"] {
        add(&mut tar, name, SKILL);
    }
    add(&mut tar, "skills/large/SKILL.md", &"x".repeat(2 << 20));
    add(&mut tar, "skills/later/SKILL.md", &SKILL.replace("review", "later"));
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    tar.append_link(&mut link, "skills/link/SKILL.md", "/etc/passwd").unwrap();
    let bytes = tar.into_inner().unwrap();
    let source = mcp_patterns::source::Archive::new(&path, Format::Skills { strict: true });
    let write_as = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::Write::write_all(&mut gzip, bytes).unwrap();
        fs::write(&path, gzip.finish().unwrap()).unwrap();
        source.load().unwrap()
    };
    let names = |loaded: &mcp_patterns::source::Loaded| {
        loaded.entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>()
    };
    let loaded = write_as(&bytes);
    assert_eq!(names(&loaded), ["later", "review"]);
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    assert!(loaded.problems[0].message.contains("more than"));
    // The end is missing.
    let loaded = write_as(&bytes[..1 << 20]);
    assert_eq!(names(&loaded), ["review"]);
    assert!(!loaded.problems.is_empty());
    // Something else that is packed.
    assert!(write_as(b"no archive").entries.is_empty());
    fs::write(&path, "neither").unwrap();
    assert!(source.load().is_err());
}

#[cfg(feature = "watch")]
#[test]
fn a_change_is_seen_by_itself() {
    use std::sync::{Arc, mpsc};
    use std::time::Duration;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "review/SKILL.md", SKILL);
    let catalog = Arc::new(
        Catalog::builder().source(Directory::new(folder.path(), Format::Skills { strict: true })).build(),
    );
    let (told, reports) = mpsc::channel();
    let watcher =
        mcp_patterns::Watcher::new(catalog.clone(), move |report| told.send(report.entries).unwrap())
            .unwrap();
    write(folder.path(), "other/SKILL.md", &SKILL.replace("review", "other"));
    while reports.recv_timeout(Duration::from_secs(20)).unwrap() < 2 {}
    assert!(catalog.get("skill:other").is_some());
    drop(watcher);
}
