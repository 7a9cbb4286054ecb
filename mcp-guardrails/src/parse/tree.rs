//! From text to a tree of values, and from a place in the tree back to its line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy};

use super::{Format, Problem};

/// More levels are refused.
const DEEPEST: usize = 96;

/// A value in which no member occurs twice: of two, readers would pick different ones.
struct Strict(Value);

/// Reads a text.
pub(crate) fn read(text: &str, format: Format) -> Result<Value, (Problem, Option<usize>)> {
    let value = match format {
        Format::Json => serde_json::from_str::<Strict>(text).map(|strict| strict.0).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line").next().unwrap_or_default();
            (Problem::at("", message), Some(error.line()).filter(|line| *line > 0))
        })?,
        // INVARIANT: this parser expands aliases within a budget.
        Format::Yaml => yaml::<Strict>(text).map(|strict| strict.0).map_err(|error| {
            let line = error.location().and_then(|place| usize::try_from(place.line()).ok());
            let message = error.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default();
            // The place is told by the line, and the parser's settings are ours.
            let message =
                message.split(" at line ").next().and_then(|message| message.split(", set ").next());
            (Problem::at("", message.unwrap_or_default()), line)
        })?,
        Format::Toml => toml::from_str::<Strict>(text).map(|strict| strict.0).map_err(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            (Problem::at("", error.message().lines().next().unwrap_or_default()), line)
        })?,
    };
    if depth(&value) > DEEPEST {
        return Err((Problem::at("", format!("more than {DEEPEST} levels are nested")), None));
    }
    Ok(value)
}

/// YAML 1.2: `y` and `off` are texts.
///
/// INVARIANT: what takes a map looks for members that occur twice itself, as [`Strict`] does. The parser need not remember members then, but
/// where maps are merged; what is wrong it says better when it does.
fn yaml<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, serde_saphyr::Error> {
    let careful = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    let read = |options| serde_saphyr::from_str_with_options(text, options);
    if text.contains("<<") {
        return read(careful);
    }
    let mut quick = careful.clone();
    quick.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    quick.merge_keys = MergeKeyPolicy::AsOrdinary;
    read(quick).or_else(|_| read(careful))
}

fn depth(value: &Value) -> usize {
    let (mut deepest, mut open) = (0, vec![(value, 1)]);
    while let Some((value, at)) = open.pop() {
        deepest = deepest.max(at);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, at + 1))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, at + 1))),
            _ => {}
        }
    }
    deepest
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The line of the place that a path such as `rules[2].when./path` names, or of the nearest place above it.
pub(crate) fn line_of(text: &str, format: Format, path: &str) -> Option<usize> {
    match format {
        Format::Json => json_line(text, path),
        Format::Yaml => {
            let root: serde_saphyr::Spanned<Spot> = yaml(text).ok()?;
            let mut line = root.referenced.line();
            let (mut spot, mut rest) = (&root.value, path);
            while let Some((next, after)) = step(spot, rest) {
                line = next.referenced.line();
                (spot, rest) = (&next.value, after);
            }
            usize::try_from(line).ok()
        }
        Format::Toml => {
            let root = toml::de::DeTable::parse(text).ok()?;
            let (mut rest, mut offset) = (path, root.span().start);
            let mut table = Some(root.get_ref());
            let mut list: Option<&toml::de::DeArray<'_>> = None;
            loop {
                let next = if let Some(members) = table {
                    let found = members.iter().filter_map(|(key, value)| {
                        after_name(rest, key.get_ref())
                            .map(|after| (key.span().start, value.get_ref(), after))
                    });
                    found.min_by_key(|(_, _, after)| after.len())
                } else {
                    let (at, after) = after_index(rest).unzip();
                    list.zip(at)
                        .and_then(|(list, at)| list.get(at))
                        .zip(after)
                        .map(|(value, after)| (value.span().start, value.get_ref(), after))
                };
                let Some((start, value, after)) = next else { return Some(line_at(text, offset)) };
                (offset, rest) = (start, after);
                table = if let toml::de::DeValue::Table(members) = value { Some(members) } else { None };
                list = if let toml::de::DeValue::Array(items) = value { Some(items) } else { None };
            }
        }
    }
}

/// What follows an index at the front of a path.
fn after_index(path: &str) -> Option<(usize, &str)> {
    let (digits, after) = path.strip_prefix('[')?.split_once(']')?;
    Some((digits.parse().ok()?, after))
}

/// What follows a name at the front of a path.
fn after_name<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let rest = path.strip_prefix('.').unwrap_or(path).strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

fn json_line(text: &str, path: &str) -> Option<usize> {
    let (mut raw, mut rest): (&RawValue, &str) = (serde_json::from_str(text).ok()?, path);
    loop {
        let next = if let Some((at, after)) = after_index(rest) {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
            items.get(at).map(|item| (*item, after))
        } else {
            let members: std::collections::BTreeMap<std::borrow::Cow<'_, str>, &RawValue> =
                serde_json::from_str(raw.get()).unwrap_or_default();
            let found =
                members.iter().filter_map(|(name, raw)| after_name(rest, name).map(|after| (*raw, after)));
            found.min_by_key(|(_, after)| after.len())
        };
        match next {
            Some(found) if !rest.is_empty() => (raw, rest) = found,
            // The raw value is a part of the text: where it begins is the distance of their addresses.
            _ => {
                let offset = (raw.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
                return Some(line_at(text, offset));
            }
        }
    }
}

/// The shape of a YAML document, with places.
#[derive(Debug)]
enum Spot {
    Leaf,
    List(Vec<serde_saphyr::Spanned<Self>>),
    Map(Vec<(String, serde_saphyr::Spanned<Self>)>),
}

fn step<'s, 'p>(spot: &'s Spot, path: &'p str) -> Option<(&'s serde_saphyr::Spanned<Spot>, &'p str)> {
    if path.is_empty() {
        return None;
    }
    match spot {
        Spot::Leaf => None,
        Spot::List(items) => {
            after_index(path).and_then(|(at, after)| items.get(at).map(|item| (item, after)))
        }
        Spot::Map(members) => {
            let found =
                members.iter().filter_map(|(name, spot)| after_name(path, name).map(|after| (spot, after)));
            found.min_by_key(|(_, after)| after.len())
        }
    }
}

macro_rules! scalars {
    ($make:expr; $($name:ident: $type:ty),*) => {
        $(fn $name<E: serde::de::Error>(self, value: $type) -> Result<Self::Value, E> { $make(value.into()) })*
    };
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(Ok; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_str: &str, visit_string: String);

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match object.entry(name) {
                Entry::Occupied(known) => {
                    return Err(A::Error::custom(format_args!("`{}` occurs twice", known.key())));
                }
                Entry::Vacant(place) => {
                    let Strict(value) = members.next_value()?;
                    place.insert(value);
                }
            }
        }
        Ok(Value::Object(object))
    }
}

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpotVisitor)
    }
}

struct SpotVisitor;

impl<'de> Visitor<'de> for SpotVisitor {
    type Value = Spot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(|_: Value| Ok(Spot::Leaf); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Spot, E> {
        Ok(Spot::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Spot, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Spot::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Spot, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Spot::Map(map))
    }
}
