//! Documents of each format, whole, broken and made to harm.

use std::io::{Cursor, Write as _};

use mcp_memory::ingest::{Chunk, Document, IngestError, read};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An archive of entries.
pub(crate) fn package(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn docx(body: &str) -> Vec<u8> {
    let styles = r#"<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style></w:styles>"#;
    let document =
        format!(r#"<?xml version="1.0"?><w:document xmlns:w="w"><w:body>{body}</w:body></w:document>"#);
    package(&[("word/styles.xml", styles.as_bytes()), ("word/document.xml", document.as_bytes())])
}

fn epub(chapter: &[u8]) -> Vec<u8> {
    let opf = r#"<package xmlns:dc="dc"><metadata><dc:title>Sea &amp; Sand</dc:title></metadata>
        <manifest><item id="b" href="text/b%20c.xhtml"/><item id="a" href="a.xhtml"/></manifest>
        <spine><itemref idref="a"/><itemref idref="missing"/><itemref idref="b"/></spine></package>"#;
    let container = r#"<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>"#;
    package(&[
        ("META-INF/container.xml", container.as_bytes()),
        ("OPS/book.opf", opf.as_bytes()),
        ("OPS/a.xhtml", b"<html><head><title/></head><body><h1>One</h1><p>It rained.</p></body></html>"),
        ("OPS/text/b c.xhtml", chapter),
    ])
}

/// A PDF whose pages are the contents, each with `extra` in its dictionary.
fn pdf(pages: &[&str], extra: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|at| format!("{} 0 R", 4 + at * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (at, text) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {} 0 R {extra} >>",
            5 + at * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    let (mut file, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).bytes());
    }
    let start = file.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        table += &format!("{place:010} 00000 n \n");
    }
    file.extend(table.bytes());
    let size = places.len() + 1;
    file.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").bytes());
    file
}

const FONT: &str = "/Resources << /Font << /F1 3 0 R >> >>";

fn shown(text: &str) -> String {
    format!("BT /F1 12 Tf 50 700 Td ({text}) Tj ET")
}

fn contents(document: &Document) -> Vec<String> {
    document.chunks(1_000).iter().map(Chunk::content).collect()
}

fn check(name: &str, bytes: &[u8], expect: &[&str]) {
    let document = read(bytes, name).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(contents(&document), expect, "{name}");
}

fn refused(name: &str, bytes: &[u8], expect: &str) {
    let error = read(bytes, name).expect_err(name).to_string();
    assert!(error.contains(expect), "{name}: {error}");
}

#[test]
fn documents_of_each_format_are_read() {
    let paragraphs = r#"<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>
        <w:p><w:r><w:t>Ship &lt;it&gt;</w:t></w:r><w:r><w:br/><w:t xml:space="preserve"> soon</w:t></w:r><w:del><w:r><w:delText>never</w:delText></w:r></w:del></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>who</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>when</w:t></w:r></w:p></w:tc></w:tr>
        <w:tr><w:tc><w:p><w:r><w:t>Ann</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>May</w:t></w:r></w:p><w:p><w:r><w:t>or June</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#;
    check("a.docx", &docx(paragraphs), &["Plan\n\nShip <it>\n soon\n\nwho | when\nAnn | May or June"]);
    check("unnamed", &docx(paragraphs), &["Plan\n\nShip <it>\n soon\n\nwho | when\nAnn | May or June"]);
    let chapter = b"<html><body><h1>Two</h1><p>It dried.</p></body></html>";
    check("a.epub", &epub(chapter), &["Sea & Sand > One\n\nIt rained.", "Sea & Sand > Two\n\nIt dried."]);
    let pages = [shown("The first page."), shown("The second page.")];
    let pages = pdf(&pages.each_ref().map(String::as_str), FONT);
    check("a.pdf", &pages, &["page 1\n\nThe first page.", "page 2\n\nThe second page."]);
    check("scan", &pages, &["page 1\n\nThe first page.", "page 2\n\nThe second page."]);
    check("a.md", b"# G\n## I\nRun *it*.", &["G > I\n\nRun *it*."]);
    check("a.html", b"<title>T</title><p>x", &["T\n\nx"]);
    check("a.csv", b"a,b\n1,2\n3,4\n", &["a: 1\nb: 2\n\na: 3\nb: 4"]);
    check("a.json", br#"{"a":{"b":[true]}}"#, &["a.b[0]: true"]);
    check("a.jsonl", b"{\"a\":1}\n{\"a\":2}\n", &["a: 1\n\na: 2"]);
    check("a.py", b"import x\n\ndef a():\n    return 1\n", &["def a\n\nimport x\n\ndef a():\n    return 1"]);
    check("LICENSE", b"\xff\xfeM\0I\0T\0", &["MIT"]);
    check("a.txt", b"", &[]);
}

#[test]
fn broken_documents_are_refused_and_say_why() {
    for name in ["a.pdf", "a.docx", "a.epub", "a.json", "a.jsonl"] {
        refused(name, b"no such thing", "that can be read: ");
    }
    for name in ["a.txt", "a.md", "a.html", "a.csv", "a.json", "a.rs", "a"] {
        refused(name, b"a\0b", "is not a text");
    }
    let whole = pdf(&[&shown("x")], FONT);
    refused("a.pdf", &whole[..whole.len() / 3], "a PDF that can be read");
    let whole = docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>");
    refused("a.docx", &whole[..whole.len() / 2], "a Word document that can be read");
    refused("a.docx", &docx("<w:p></w:r>"), "a Word document that can be read");
    refused("a.docx", &package(&[("x", b"y")]), "it has no `word/document.xml`");
    refused("a.epub", &package(&[("META-INF/container.xml", b"<a/>")]), "its container names no book");
    refused("a.json", "[".repeat(1_000).as_bytes(), "recursion limit");
}

#[test]
fn a_page_that_leads_back_to_itself_ends_nothing() {
    let itself = "/Resources << /XObject << /X 5 0 R >> >>";
    refused("a.pdf", &pdf(&["/X Do"], itself), "a page draws itself");
    let parent = String::from_utf8(pdf(&[&shown("x")], FONT)).unwrap();
    let parent = parent.replacen("/Type /Pages /Kids", "/Parent 4 0 R/Kids", 1);
    assert!(read(parent.as_bytes(), "a.pdf").is_err());
    // No page size: the parser panics.
    let sizeless = String::from_utf8(pdf(&[&shown("x")], FONT)).unwrap().replace("/MediaBox", "/NoMediaB");
    refused("a.pdf", sizeless.as_bytes(), "its parser gave up");
}

#[test]
fn what_unpacks_to_too_much_is_refused() {
    let zeros = vec![b' '; 129 * 1024 * 1024];
    let bomb = package(&[("word/document.xml", &zeros)]);
    assert!(bomb.len() < 1024 * 1024);
    assert!(matches!(read(&bomb, "a.docx"), Err(IngestError::TooLarge { .. })));
    assert!(matches!(read(&epub(&zeros), "a.epub"), Err(IngestError::TooLarge { .. })));
    let names: Vec<String> = (0..10_001).map(|at| format!("{at}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused("a.docx", &package(&entries), "too many entries");
}

#[test]
fn a_line_without_end_is_divided_all_the_same() {
    let line = "x".repeat(300_000);
    for name in ["a.txt", "a.rs", "a.json", "a.html"] {
        let text = if name == "a.json" { format!("\"{line}\"") } else { line.clone() };
        let chunks = read(text.as_bytes(), name).unwrap().chunks(1_000);
        assert_eq!(chunks.iter().map(|chunk| chunk.text.as_str()).collect::<String>(), line, "{name}");
        assert!(chunks.iter().all(|chunk| chunk.text.len() <= 1_000), "{name}");
    }
}
