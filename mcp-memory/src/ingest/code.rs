//! Source code: its items by the words that begin them in each language. That is no parser, and needs none: lines are never divided, and
//! what is taken for another item only stands under another name.

use super::document::{Builder, Document, Shape};
use super::error::IngestError;

/// What items of a language begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Language {
    extensions: &'static [&'static str],
    /// Words that a name follows.
    items: &'static [&'static str],
    /// Words that may stand before those.
    before: &'static [&'static str],
    /// Whether an item may begin with a type, and its name stands before a parenthesis.
    typed: bool,
}

const NONE: &[&str] = &[];
const MODIFIERS: &[&str] = &[
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "sealed",
    "open",
    "override",
    "async",
    "partial",
    "data",
    "suspend",
    "inline",
    "virtual",
    "readonly",
    "export",
    "default",
    "declare",
    "case",
    "implicit",
    "fileprivate",
    "mutating",
    "unsafe",
    "const",
    "template",
];

const LANGUAGES: [Language; 16] = [
    Language {
        extensions: &["rs"],
        items: &[
            "fn",
            "struct",
            "enum",
            "trait",
            "impl",
            "impl<",
            "mod",
            "type",
            "const",
            "static",
            "union",
            "macro_rules!",
        ],
        before: &["pub", "pub(crate)", "pub(super)", "async", "unsafe", "extern", "\"C\"", "default"],
        typed: false,
    },
    Language { extensions: &["py", "pyi"], items: &["def", "class"], before: &["async"], typed: false },
    Language {
        extensions: &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "vue", "svelte"],
        items: &[
            "function",
            "function*",
            "class",
            "interface",
            "type",
            "enum",
            "const",
            "let",
            "var",
            "namespace",
        ],
        before: &["export", "default", "async", "abstract", "declare"],
        typed: false,
    },
    Language { extensions: &["go"], items: &["func", "type", "var", "const"], before: NONE, typed: false },
    Language {
        extensions: &["java"],
        items: &["class", "interface", "enum", "record", "@interface"],
        before: MODIFIERS,
        typed: true,
    },
    Language {
        extensions: &["kt", "kts"],
        items: &["fun", "class", "interface", "object", "val", "var", "typealias"],
        before: MODIFIERS,
        typed: false,
    },
    Language {
        extensions: &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm", "cu"],
        items: &["struct", "class", "enum", "union", "namespace", "typedef", "#define"],
        before: &["static", "inline", "extern", "const"],
        typed: true,
    },
    Language {
        extensions: &["cs"],
        items: &["class", "interface", "enum", "record", "struct", "namespace"],
        before: MODIFIERS,
        typed: true,
    },
    Language { extensions: &["rb"], items: &["def", "class", "module"], before: NONE, typed: false },
    Language {
        extensions: &["php"],
        items: &["function", "class", "interface", "trait", "enum", "namespace"],
        before: MODIFIERS,
        typed: false,
    },
    Language {
        extensions: &["swift"],
        items: &["func", "class", "struct", "enum", "protocol", "extension", "actor", "let", "var"],
        before: MODIFIERS,
        typed: false,
    },
    Language {
        extensions: &["scala", "sc"],
        items: &["def", "class", "object", "trait", "val", "type", "enum"],
        before: MODIFIERS,
        typed: false,
    },
    Language { extensions: &["sh", "bash", "zsh"], items: &["function"], before: NONE, typed: true },
    Language { extensions: &["lua"], items: &["function"], before: &["local"], typed: false },
    Language {
        extensions: &["sql"],
        items: &[
            "create", "CREATE", "alter", "ALTER", "insert", "INSERT", "select", "SELECT", "with", "WITH",
        ],
        before: NONE,
        typed: false,
    },
    // What has structure and no names: divided between lines all the same.
    Language {
        extensions: &[
            "toml", "yaml", "yml", "ini", "cfg", "conf", "css", "scss", "xml", "proto", "tf", "r", "jl",
            "ex", "exs", "hs", "ml", "clj", "el", "pl", "dart", "zig", "nix", "tex", "rst", "adoc", "cmake",
            "gradle",
        ],
        items: &["message", "service", "resource", "module", "defmodule", "def", "class"],
        before: NONE,
        typed: false,
    },
];

impl Language {
    pub(super) fn of(extension: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.extensions.contains(&extension))
    }

    /// What an item is called whose first line, without indentation, it is.
    fn name(&self, line: &str) -> Option<String> {
        let mut words = line.split_whitespace().peekable();
        while words.next_if(|word| self.before.contains(word)).is_some() {}
        let word = words.next()?;
        let known =
            self.items.iter().find(|item| **item == word || item.ends_with('<') && word.starts_with(**item));
        if known.is_some() {
            let rest: Vec<&str> = words.collect();
            let rest = rest.join(" ");
            let end = rest.find(['{', '(', ';', '=', ':']).filter(|end| *end > 0).unwrap_or(rest.len());
            // A receiver stands before the name: `func (s *Store) Get(`.
            let end =
                if rest.starts_with('(') { rest.rfind('(').filter(|at| *at > 0).unwrap_or(end) } else { end };
            let name = rest.get(..end).unwrap_or_default().trim();
            return Some(format!("{word} {name}").trim().chars().take(100).collect());
        }
        let called = line.split_once('(').map(|(before, _)| before.trim_end()).filter(|_| self.typed)?;
        let ends = line.trim_end();
        let declares = !ends.ends_with([';', ',']) && !called.contains(['=', '.', '"', '\'', '#', '$']);
        let name = called.rsplit([' ', '*', '&', '\t']).next()?;
        let starts = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        let control = ["if", "for", "while", "switch", "catch", "return", "else"];
        (declares && starts && !control.contains(&name)).then(|| name.to_owned())
    }
}

pub(super) fn read(text: &str, language: &Language) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    let indent = text.lines().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or(0);
    divide(&mut builder, text, language, Depth { level: 1, indent })?;
    builder.finish()
}

/// Where items are looked for.
#[derive(Clone, Copy)]
struct Depth {
    level: u8,
    /// Characters before the first word.
    indent: usize,
}

/// Adds the items of a text, and those within the long ones.
fn divide(builder: &mut Builder, text: &str, language: &Language, depth: Depth) -> Result<(), IngestError> {
    // What begins an item, and the attributes and remarks above it.
    let (mut start, mut above, mut at) = (0, None, 0);
    let mut name = None;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        let outer = !words.is_empty() && indentation(line) == depth.indent;
        match language.name(words).filter(|_| outer) {
            Some(found) => {
                let from = above.take().unwrap_or(at);
                item(builder, text.get(start..from), name.replace(found), language, depth.level)?;
                start = from;
            }
            None if outer && is_above(words) => above = above.or(Some(at)),
            None => above = None,
        }
        at += line.len();
    }
    item(builder, text.get(start..), name, language, depth.level)
}

fn item(
    builder: &mut Builder,
    text: Option<&str>,
    name: Option<String>,
    language: &Language,
    level: u8,
) -> Result<(), IngestError> {
    let text = text.unwrap_or_default();
    let Some(name) = name else { return builder.push(Shape::Code, text) };
    // Deeper than a method of a class there is nothing that anybody would name.
    let long = level < 3 && text.len() > super::chunk::SIZE;
    let body = Some(text.split_at(head(text, language))).filter(|_| long);
    let inside = body.and_then(|(first, rest)| Some((first, rest, inner(rest, language)?)));
    let Some((first, rest, indent)) = inside else { return builder.under(&name, Shape::Code, text) };
    builder.heading(level, &name)?;
    builder.push(Shape::Code, first)?;
    divide(builder, rest, language, Depth { level: level + 1, indent })?;
    builder.close(level)
}

/// The bytes of an item up to its body: what stands above it, and its first line.
fn head(text: &str, language: &Language) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if language.name(line.trim()).is_some() {
            break;
        }
    }
    at
}

/// How far the items in a body are indented, if there are any.
fn inner(body: &str, language: &Language) -> Option<usize> {
    let lines = || body.lines().filter(|line| !line.trim().is_empty());
    // The last line closes the item.
    let indent = lines().map(indentation).filter(|indent| *indent > 0).min()?;
    let begins = |line: &str| indentation(line) == indent && language.name(line.trim()).is_some();
    lines().any(begins).then_some(indent)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Whether a line belongs to the item below it.
fn is_above(line: &str) -> bool {
    ["//", "# ", "#[", "/*", "*", "@", "--", "\"\"\"", "template"].iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extension: &str, text: &str, expect: &[&str]) {
        let document = read(text, Language::of(extension).unwrap()).unwrap();
        let found: Vec<_> = document.sections.iter().map(|it| it.headings.join(" > ")).collect();
        assert_eq!(found, expect, "{text}");
        let all: String = document.sections.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(all, text);
    }

    #[test]
    fn items_are_found_in_each_language() {
        check(
            "rs",
            "use x;\n\n/// Doc.\n#[test]\npub(crate) async fn a(x: u8) {\n    1\n}\nimpl<T> A for B<T> {\n}\nconst N: u8 = 1;\n",
            &["", "fn a", "impl<T> A for B<T>", "const N"],
        );
        check("py", "import x\n@y\ndef a(b):\n    pass\nclass C(D):\n    x = 1\n", &["", "def a", "class C"]);
        check("ts", "export const a = 1;\nexport default class B {}\n", &["const a", "class B"]);
        check(
            "go",
            "package x\nfunc (s *Store) Get(k int) {\n}\ntype T struct {\n}\n",
            &["", "func (s *Store) Get", "type T struct"],
        );
        check("java", "package x;\npublic final class A<T> {\n}\n", &["", "class A<T>"]);
        check("c", "#include <a>\nstatic int *run(int a)\n{\n  call(a);\n}\nint later(int);\n", &["", "run"]);
        check("sh", "set -e\nbuild() {\n  x\n}\n", &["", "build"]);
        check("sql", "CREATE TABLE a (\n  b int\n);\n", &["CREATE TABLE a"]);
        check("toml", "[a]\nb = 1\n", &[""]);
    }

    #[test]
    fn items_within_long_ones_are_named_too() {
        let method = |name: &str| format!("    def {name}(self):\n{}\n", "        call()\n".repeat(50));
        let text = format!("class A:\n    x = 1\n{}{}", method("one"), method("two"));
        check("py", &text, &["class A", "class A", "class A > def one", "class A > def two"]);
        let rust = format!(
            "impl A {{\n    /// It.\n    fn one() {{\n{}    }}\n}}\n",
            "        call();\n".repeat(90)
        );
        check("rs", &rust, &["impl A", "impl A > fn one"]);
    }
}
