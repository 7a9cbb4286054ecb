//! HTML: what a reader sees of a page, without its scripts and styles.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use super::document::{Builder, Document, Shape};
use super::error::IngestError;

/// What begins and ends a paragraph.
const BLOCKS: [&str; 39] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "html",
];
/// What nobody sees.
const UNSEEN: [&str; 8] = ["script", "style", "template", "svg", "iframe", "noembed", "noframes", "object"];

pub(super) fn read(text: &str) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    read_into(&mut builder, text, true)?;
    builder.finish()
}

/// Reads a page, as one of several where it has no title of its own.
pub(super) fn read_into(builder: &mut Builder, text: &str, titled: bool) -> Result<(), IngestError> {
    let page = Page { titled, builder: std::mem::take(builder), ..Page::default() };
    let tokenizer = Tokenizer::new(Sink(RefCell::new(page)), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    while !input.is_empty() {
        // It stops behind each script, as if that could write.
        drop(tokenizer.feed(&input));
    }
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    page.flush();
    *builder = page.builder;
    page.failed.map_or(Ok(()), Err)
}

struct Sink(RefCell<Page>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) => {
                let name = &*tag.name;
                if tag.kind == TagKind::EndTag {
                    page.end(name);
                } else {
                    page.start(name, &tag);
                    // `<title/>` is XHTML: nothing of it follows.
                    if !tag.self_closing {
                        return raw(name);
                    }
                    if UNSEEN.contains(&name) || name == "title" {
                        page.end(name);
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What follows some tags is no markup.
fn raw(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        _ => TokenSinkResult::Continue,
    }
}

/// A page as far as it was read.
#[derive(Default)]
struct Page {
    builder: Builder,
    titled: bool,
    /// The paragraph.
    paragraph: String,
    /// Within so many of what nobody sees.
    unseen: usize,
    /// Within so many of `<pre>`.
    verbatim: usize,
    /// Within a heading or the title.
    heading: Option<u8>,
    table: Option<Table>,
    failed: Option<IngestError>,
}

/// A table as far as it was read: within it paragraphs are parts of cells.
#[derive(Default)]
struct Table {
    /// Tables within.
    depth: usize,
    rows: Vec<Vec<String>>,
    headed: bool,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.unseen > 0 {
            return;
        }
        if self.verbatim > 0 {
            return self.paragraph.push_str(text);
        }
        for c in text.chars() {
            if !c.is_whitespace() || c == '\u{a0}' {
                self.paragraph.push(c);
            } else if !self.paragraph.is_empty() && !self.paragraph.ends_with([' ', '\n']) {
                self.paragraph.push(' ');
            }
        }
    }

    fn start(&mut self, name: &str, tag: &Tag) {
        if UNSEEN.contains(&name) {
            self.unseen += 1;
            return;
        }
        if let Some(table) = &mut self.table {
            match name {
                "table" => table.depth += 1,
                "tr" if table.depth == 0 => self.row(),
                "td" | "th" if table.depth == 0 => self.cell(name == "th"),
                _ => self.space(name),
            }
            return;
        }
        match (level(name), name) {
            (Some(level), _) => {
                self.flush();
                self.heading = Some(level);
            }
            (_, "table") => {
                self.flush();
                self.table = Some(Table::default());
            }
            (_, "pre") => {
                self.flush();
                self.verbatim += 1;
            }
            (_, "li") => {
                self.flush();
                self.paragraph.push_str("- ");
            }
            (_, "img") => self.alternative(tag),
            _ => self.space(name),
        }
    }

    fn end(&mut self, name: &str) {
        if UNSEEN.contains(&name) {
            self.unseen = self.unseen.saturating_sub(1);
            return;
        }
        if let Some(table) = &mut self.table {
            match name {
                "table" if table.depth == 0 => self.close_table(),
                "table" => {
                    table.depth -= 1;
                    self.space(name);
                }
                _ => self.space(name),
            }
            return;
        }
        if level(name).is_some() {
            self.flush();
            self.heading = None;
        } else if name == "pre" {
            self.flush();
            self.verbatim = self.verbatim.saturating_sub(1);
        } else {
            self.space(name);
        }
    }

    /// Ends the paragraph at what is a block; within a table a space has to do.
    fn space(&mut self, name: &str) {
        if !BLOCKS.contains(&name) && level(name).is_none() {
            return;
        }
        if self.table.is_some() || self.heading.is_some() {
            self.text(" ");
        } else if name == "br" {
            self.paragraph.push('\n');
        } else {
            self.flush();
        }
    }

    fn alternative(&mut self, tag: &Tag) {
        let alternative = tag.attrs.iter().find(|attribute| &*attribute.name.local == "alt");
        if let Some(text) = alternative.filter(|it| !it.value.trim().is_empty()) {
            let text = text.value.to_string();
            self.text(&format!(" {text} "));
        }
    }

    /// A paragraph is complete.
    fn flush(&mut self) {
        if self.table.is_some() {
            self.close_table();
        }
        let text = std::mem::take(&mut self.paragraph);
        let shown = text.trim();
        let done = match self.heading.take() {
            Some(0) if !self.titled => Ok(()),
            Some(level) => self.builder.heading(level, shown),
            None if shown == "-" => Ok(()),
            None if self.verbatim > 0 => self.builder.push(Shape::Lines, &text),
            None => self.builder.push(Shape::Prose, shown),
        };
        self.note(done);
    }

    fn note(&mut self, done: Result<(), IngestError>) {
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
    }

    fn row(&mut self) {
        self.finish_cell();
        if let Some(table) = &mut self.table {
            table.rows.push(Vec::new());
        }
    }

    fn cell(&mut self, head: bool) {
        self.finish_cell();
        let Some(table) = &mut self.table else { return };
        table.headed |= head && table.rows.len() <= 1;
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
        }
        if let Some(row) = table.rows.last_mut() {
            row.push(String::new());
        }
    }

    /// What was read since the last cell began is its text.
    fn finish_cell(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(table) = &mut self.table else { return };
        match table.rows.last_mut().and_then(|row| row.last_mut()) {
            Some(cell) => cell.push_str(&text),
            None if text.is_empty() => {}
            // A caption.
            None => {
                let done = self.builder.push(Shape::Prose, &text);
                self.note(done);
            }
        }
    }

    fn close_table(&mut self) {
        self.finish_cell();
        let Some(table) = self.table.take() else { return };
        let rows = table.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
        let lines: Vec<_> = rows.map(|row| row.join(" | ")).collect();
        let header = usize::from(table.headed);
        let done = self.builder.push(Shape::Table { header }, &lines.join("\n"));
        self.note(done);
    }
}

fn level(name: &str) -> Option<u8> {
    match name {
        "title" => Some(0),
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_a_reader_sees_of_it() {
        let text = "<!doctype html><html><head><title>Guide</title><style>p { x }</style><script>if (a < b) '</p>'</script></head>
            <body><h1>Guide</h1><p>One &amp; <b>two</b>
            three<p>Four<br>five <img alt='A cat'><ul><li>a<li>b</ul><h2>Use</h2><pre>  x\n    y</pre>
            <table><caption>All</caption><tr><th>n<th>v<tr><td>1<td><p>a</p><p>b</p></table>after</body>";
        let sections = read(text).unwrap().sections;
        let found: Vec<_> = sections.iter().map(|it| (it.headings.join(" > "), it.text.as_str())).collect();
        let (guide, usage) = ("Guide".to_owned(), "Guide > Use".to_owned());
        assert_eq!(
            found,
            [
                (guide.clone(), "One & two three"),
                (guide.clone(), "Four\nfive A cat"),
                (guide.clone(), "- a"),
                (guide, "- b"),
                (usage.clone(), "  x\n    y"),
                (usage.clone(), "All"),
                (usage.clone(), "n | v\n1 | a b"),
                (usage, "after"),
            ]
        );
        assert_eq!(sections[6].shape, Shape::Table { header: 1 });
    }

    #[test]
    fn what_is_cut_off_or_closes_itself_hides_nothing() {
        let check = |text: &str, expect: &[&str]| {
            let sections = read(text).unwrap().sections;
            assert_eq!(sections.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), expect, "{text}");
        };
        check("<title/><script src='x'/><p>seen", &["seen"]);
        check("<table><tr><td>a<table><tr><td>b</table>c", &["a b c"]);
        check("a<h1>b", &["a", "b"]);
        check("<p>a</p></p></table></script>b</svg>", &["a", "b"]);
        check("", &[]);
    }
}
