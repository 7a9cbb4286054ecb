//! Markdown: sections by headings, with the text as it was written. The title that metadata above it names is its outermost heading.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::document::{Builder, Document, Shape};
use super::error::IngestError;

pub(super) fn read(text: &str) -> Result<Document, IngestError> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut builder = Builder::default();
    let (mut depth, mut heading) = (0usize, None::<String>);
    // What no block covers, such as the definitions of links, is a text between two of them.
    let mut read = 0;
    for (event, at) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    gap(&mut builder, text, read..at.start)?;
                    read = at.end.max(read);
                    if matches!(tag, Tag::Heading { .. }) {
                        heading = Some(String::new());
                    } else {
                        if matches!(tag, Tag::MetadataBlock(_)) && at.start == 0 {
                            builder.heading(0, title(text.get(at.clone()).unwrap_or_default()))?;
                        }
                        block(&mut builder, text, &tag, at)?;
                    }
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if let (TagEnd::Heading(level), Some(text)) = (tag, heading.take_if(|_| depth == 0)) {
                    builder.heading(number(level), &text)?;
                }
            }
            Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut heading {
                    heading.push(' ');
                }
            }
            _ => {}
        }
    }
    gap(&mut builder, text, read..text.len())?;
    builder.finish()
}

fn gap(builder: &mut Builder, text: &str, at: Range<usize>) -> Result<(), IngestError> {
    let between = text.get(at).unwrap_or_default();
    // A line of dashes says nothing.
    let says = between.chars().any(char::is_alphanumeric);
    if says { builder.push(Shape::Prose, between) } else { Ok(()) }
}

fn block(builder: &mut Builder, text: &str, tag: &Tag<'_>, at: Range<usize>) -> Result<(), IngestError> {
    let shape = match tag {
        Tag::CodeBlock(_) | Tag::MetadataBlock(_) => Shape::Lines,
        Tag::Table(_) => Shape::Table { header: 2 },
        _ => Shape::Prose,
    };
    builder.push(shape, text.get(at).unwrap_or_default())
}

/// The value of `title: …` (YAML) or `title = …` (TOML), or nothing. Titles of several lines are left where they stand.
fn title(metadata: &str) -> &str {
    metadata.lines().find_map(titled).unwrap_or_default().trim()
}

fn titled(line: &str) -> Option<&str> {
    let value = line.strip_prefix("title")?.trim_start().strip_prefix([':', '='])?.trim();
    let within = |mark: char| value.strip_prefix(mark)?.split(mark).next();
    let plain = || value.split(" #").next().filter(|value| !value.starts_with(['|', '>', '&', '*']));
    within('"').or_else(|| within('\'')).or_else(plain)
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_under_their_headings_as_they_were_written() {
        let text = "---\ntitle: x\n---\nIntro **bold**.\n\n# Guide\n\n## Install `it`\n- one\n- two\n\n```sh\n# no heading\n```\n\n\
            | a | b |\n|---|---|\n| 1 | 2 |\n\nUse\n===\nLast[^1].\n\n[^1]: A note.\n\n[link]: http://x\n";
        let sections = read(text).unwrap().sections;
        let found: Vec<_> =
            sections.iter().map(|it| (it.headings.join(" > "), it.text.trim(), it.shape)).collect();
        let install = "x > Guide > Install it".to_owned();
        assert_eq!(
            found,
            [
                ("x".into(), "---\ntitle: x\n---", Shape::Lines),
                ("x".into(), "Intro **bold**.", Shape::Prose),
                (install.clone(), "- one\n- two", Shape::Prose),
                (install.clone(), "```sh\n# no heading\n```", Shape::Lines),
                (install, "| a | b |\n|---|---|\n| 1 | 2 |", Shape::Table { header: 2 }),
                ("x > Use".into(), "Last[^1].", Shape::Prose),
                ("x > Use".into(), "[^1]: A note.", Shape::Prose),
                ("x > Use".into(), "[link]: http://x", Shape::Prose),
            ]
        );
    }

    #[test]
    fn the_title_in_metadata_stands_above_all() {
        let headings = |metadata: &str| {
            let sections = read(&format!("{metadata}\n# Use\nBody.\n")).unwrap().sections;
            sections.last().unwrap().headings.join(" > ")
        };
        assert_eq!(headings("---\ndraft: no\ntitle: \"The: guide\" # soon\n---\n"), "The: guide > Use");
        assert_eq!(headings("+++\ntitle = 'Plus'\n+++\n"), "Plus > Use");
        assert_eq!(headings("---\ntitle: Use\n---\n"), "Use");
        for none in
            ["---\ntitles: x\n---\n", "---\ntitle: >-\n  long\n---\n", "---\ntitle:\n---\n", "title: x\n"]
        {
            assert_eq!(headings(none), "Use", "{none}");
        }
    }
}
