//! A note of Markdown taken apart: what stands above it, what was observed, what it relates to, and the rest.

use serde_json::{Map, Value};

/// A note.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// The members above the text.
    pub(super) front: Map<String, Value>,
    pub(super) observations: Vec<Observation>,
    pub(super) relations: Vec<Relation>,
    /// All other lines.
    pub(super) text: String,
}

/// `- [category] text #tag (context)`
#[derive(Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) category: String,
    pub(super) text: String,
    pub(super) tags: Vec<String>,
    pub(super) context: Option<String>,
}

/// `- type [[Target]]`
#[derive(Debug, PartialEq)]
pub(super) struct Relation {
    pub(super) kind: String,
    pub(super) target: String,
}

impl Note {
    pub(super) fn read(text: &str) -> Self {
        let (front, body) = split(text);
        let mut note = Self { front: members(front), ..Self::default() };
        let mut in_code = false;
        for line in body.lines() {
            let trimmed = line.trim();
            in_code ^= trimmed.starts_with("```");
            let item = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")).filter(|_| !in_code);
            if let Some(observation) = item.and_then(observation) {
                note.observations.push(observation);
            } else if let Some(relation) = item.and_then(relation) {
                note.relations.push(relation);
            } else {
                note.text.push_str(line);
                note.text.push('\n');
            }
        }
        note.text = without_empty_sections(note.text.trim());
        note
    }
}

/// What stands between two lines of `---` at the start, and what follows.
fn split(text: &str) -> (&str, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    let Some(rest) = text.get(first.len()..).filter(|_| first.trim_end() == "---") else { return ("", text) };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let after = rest.get(end + line.len()..).unwrap_or_default();
            return (rest.get(..end).unwrap_or_default(), after);
        }
        end += line.len();
    }
    ("", text)
}

/// `name: value` and lists: as much of YAML as notes have above them.
fn members(front: &str) -> Map<String, Value> {
    let mut members = Map::new();
    let mut last = String::new();
    for line in front.lines() {
        let trimmed = line.trim();
        if let Some(item) = trimmed.strip_prefix("- ") {
            if let Some(Value::Array(items)) = members.get_mut(&last) {
                items.push(unquoted(item).into());
            }
            continue;
        }
        let own = !line.starts_with([' ', '\t', '#']);
        let Some((name, value)) = trimmed.split_once(':').filter(|_| own) else { continue };
        let value = value.trim();
        name.trim().clone_into(&mut last);
        let value = match value.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => inner.split(',').map(unquoted).filter(|item| !item.is_empty()).collect(),
            None if value.is_empty() => Value::Array(Vec::new()),
            None => unquoted(value).into(),
        };
        members.insert(last.clone(), value);
    }
    members
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let within = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

fn observation(item: &str) -> Option<Observation> {
    let (category, rest) = item.strip_prefix('[')?.split_once(']')?;
    let category = category.trim();
    // A box to tick, or a link, is no observation.
    let is_box = matches!(category, "" | "x" | "X" | "-");
    if is_box || rest.starts_with('(') || category.starts_with('[') {
        return None;
    }
    let mut text = rest.trim();
    let mut context = None;
    if let Some((before, inner)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        context = Some(inner.trim().to_owned());
        text = before.trim_end();
    }
    let is_tag = |word: &&str| word.len() > 1 && word.starts_with('#');
    let tags = text.split_whitespace().filter(is_tag).map(|word| word.trim_start_matches('#').to_owned());
    let tags = tags.filter(|tag| !tag.is_empty()).collect();
    let words: Vec<&str> = text.split_whitespace().filter(|word| !is_tag(word)).collect();
    let text = words.join(" ");
    (!text.is_empty()).then(|| Observation { category: category.to_owned(), text, tags, context })
}

fn relation(item: &str) -> Option<Relation> {
    let (kind, rest) = item.split_once("[[")?;
    let (target, _) = rest.split_once("]]")?;
    let (kind, target) = (kind.trim(), target.trim());
    // A link in the middle of a sentence is prose.
    if target.is_empty() || kind.split_whitespace().count() > 3 {
        return None;
    }
    let kind = if kind.is_empty() { "relates_to" } else { kind };
    Some(Relation { kind: kind.to_owned(), target: target.to_owned() })
}

/// Without the headings that stood above what was taken out.
fn without_empty_sections(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_taken =
        |line: &str| matches!(line.trim().trim_start_matches('#').trim(), "Observations" | "Relations");
    let kept = lines.iter().enumerate().filter(|(place, line)| {
        let next = lines.iter().skip(place + 1).find(|line| !line.trim().is_empty());
        let is_empty = next.is_none_or(|next| next.starts_with('#'));
        !(line.starts_with('#') && is_taken(line) && is_empty)
    });
    let kept: Vec<&str> = kept.map(|(_, line)| *line).collect();
    kept.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_is_taken_apart() {
        let note = Note::read(
            "---\ntitle: 'Brewing: coffee'\ntags: [drink, \"hot\"]\naliases:\n- joe\n- java\n---\n# Coffee\n\nIt is hot.\n\n\
             ## Observations\n- [method] Pour over is clear #brewing #slow (tried in May)\n- [ ] buy beans\n- [x] sold\n\
             - [a link](http://x)\n\n## Relations\n- relates_to [[Tea]]\n- [[Water]]\n- see the long text on [[Cups]]\n\
             ```\n- [code] not said\n```\n",
        );
        assert_eq!(
            Value::Object(note.front),
            json!({ "title": "Brewing: coffee", "tags": ["drink", "hot"], "aliases": ["joe", "java"] })
        );
        let said = Observation {
            category: "method".into(),
            text: "Pour over is clear".into(),
            tags: vec!["brewing".into(), "slow".into()],
            context: Some("tried in May".into()),
        };
        assert_eq!(note.observations, [said]);
        let related = |kind: &str, target: &str| Relation { kind: kind.into(), target: target.into() };
        assert_eq!(note.relations, [related("relates_to", "Tea"), related("relates_to", "Water")]);
        assert!(note.text.starts_with("# Coffee\n\nIt is hot."), "{}", note.text);
        assert!(note.text.contains("- [ ] buy beans") && note.text.contains("[[Cups]]"));
        assert!(note.text.contains("- [code] not said"));
    }

    #[test]
    fn what_has_nothing_above_it_is_text() {
        for text in ["---\nno end", "plain", "--- \n", ""] {
            assert_eq!(Note::read(text).text, text.trim(), "{text}");
        }
    }
}
