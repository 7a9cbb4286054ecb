//! PDF: the text of each page. The parser is another's and the format is large, so it runs on a thread of its own, where a panic ends
//! nothing else, and only after what would let it run away is ruled out.

use std::collections::HashSet;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use flate2::bufread::ZlibDecoder;
use pdf_extract::content::Content;
use pdf_extract::{Dictionary, Document as Pdf, Object, ObjectId, PlainTextOutput, output_doc_page};

use super::document::{Builder, Document, Shape};
use super::error::IngestError;

const FORMAT: &str = "a PDF";
/// Bytes that the streams of a document unpack to.
const UNPACKED: u64 = 128 * 1024 * 1024;
/// Drawings within drawings, and how many a page draws.
const DEPTH: usize = 16;
const DRAWN: usize = 1_000;
/// The parser calls itself for what is within.
const STACK: usize = 32 * 1024 * 1024;

pub(super) fn read(bytes: &[u8]) -> Result<Document, IngestError> {
    unpacked(bytes)?;
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("memory-pdf".into()).stack_size(STACK);
        let reader = reader.spawn_scoped(scope, || pages(bytes)).map_err(IngestError::Io)?;
        reader.join().unwrap_or_else(|_| Err(IngestError::broken(FORMAT)("its parser gave up")))
    })
}

/// Refuses what unpacks to more than there is room for, before the parser unpacks it.
fn unpacked(bytes: &[u8]) -> Result<(), IngestError> {
    let (mut rest, mut left) = (bytes, UNPACKED);
    while let Some(at) = find(rest, b"stream") {
        rest = rest.get(at + b"stream".len()..).unwrap_or_default();
        let start = rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let packed = rest.get(start..).unwrap_or_default();
        let mut unpacking = ZlibDecoder::new(packed).take(left + 1);
        // What is damaged or packed otherwise counts as far as it goes.
        drop(std::io::copy(&mut unpacking, &mut std::io::sink()));
        let length = left + 1 - unpacking.limit();
        if length > left {
            return Err(IngestError::TooLarge { what: "too many bytes when unpacked", most: UNPACKED });
        }
        left -= length;
    }
    Ok(())
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|part| part == word)
}

fn pages(bytes: &[u8]) -> Result<Document, IngestError> {
    let broken = |problem: &str| IngestError::broken(FORMAT)(problem);
    let mut pdf = Pdf::load_mem(bytes).map_err(|error| broken(&error.to_string()))?;
    if pdf.is_encrypted() && pdf.decrypt("").is_err() {
        return Err(broken("it is encrypted, and needs a password"));
    }
    let (mut builder, mut failed) = (Builder::default(), None);
    let pages = pdf.get_pages();
    for (number, page) in &pages {
        let text = check(&pdf, *page).and_then(|()| page_text(&pdf, *number));
        match text {
            Ok(text) => builder.under(&format!("page {number}"), Shape::Prose, &tidy(&text))?,
            Err(problem) => {
                tracing::debug!(page = number, %problem, "a page of a PDF cannot be read");
                failed = Some(problem);
            }
        }
    }
    let document = builder.finish()?;
    match failed {
        Some(problem) if document.sections.is_empty() => Err(broken(&problem)),
        None if pages.is_empty() => Err(broken("it has no pages")),
        _ => Ok(document),
    }
}

fn page_text(pdf: &Pdf, number: u32) -> Result<String, String> {
    let mut text = String::new();
    let read =
        catch_unwind(AssertUnwindSafe(|| output_doc_page(pdf, &mut PlainTextOutput::new(&mut text), number)));
    match read {
        Ok(Ok(())) => Ok(text),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its parser gave up".to_owned()),
    }
}

/// Refuses a page that leads back to itself: following it would end the process.
fn check(pdf: &Pdf, page: ObjectId) -> Result<(), String> {
    let (mut at, mut seen) = (Some(page), HashSet::new());
    let mut resources = None;
    while let Some(id) = at {
        if !seen.insert(id) {
            return Err("a page is its own parent".to_owned());
        }
        let dictionary = pdf.get_dictionary(id).map_err(|error| error.to_string())?;
        resources = resources.or_else(|| inner(pdf, dictionary, b"Resources"));
        at = dictionary.get(b"Parent").and_then(Object::as_reference).ok();
    }
    let content = pdf.get_page_content(page).map_err(|error| error.to_string())?;
    resources.map_or(Ok(()), |resources| drawings(pdf, &content, resources, DEPTH, &mut 0))
}

/// Counts what a page draws as often as it does.
fn drawings(
    pdf: &Pdf,
    content: &[u8],
    resources: &Dictionary,
    depth: usize,
    drawn: &mut usize,
) -> Result<(), String> {
    let objects = inner(pdf, resources, b"XObject").filter(|_| find(content, b"Do").is_some());
    let Some(objects) = objects else { return Ok(()) };
    // The parser refuses what is refused here.
    let operations = Content::decode(content).map_or_else(|_| Vec::new(), |content| content.operations);
    for operation in operations.iter().filter(|operation| operation.operator == "Do") {
        *drawn += 1;
        if depth == 0 || *drawn > DRAWN {
            return Err("a page draws itself, or too much".to_owned());
        }
        let object = operation.operands.first().and_then(|name| objects.get(name.as_name().ok()?).ok());
        let Some(Ok((_, Object::Stream(stream)))) = object.map(|object| pdf.dereference(object)) else {
            continue;
        };
        let content = stream.decompressed_content().unwrap_or_else(|_| stream.content.clone());
        // Without resources of its own it has those of the page.
        let own = inner(pdf, &stream.dict, b"Resources").unwrap_or(resources);
        drawings(pdf, &content, own, depth - 1, drawn)?;
    }
    Ok(())
}

fn inner<'a>(pdf: &'a Pdf, dictionary: &'a Dictionary, name: &[u8]) -> Option<&'a Dictionary> {
    pdf.dereference(dictionary.get(name).ok()?).ok()?.1.as_dict().ok()
}

/// Lines without the characters that only a printer understands.
fn tidy(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join("\n")
}
