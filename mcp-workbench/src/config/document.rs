//! From text to values that know their line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;

use super::check::Problem;

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Leaf(Value),
    List(Vec<Node>),
    /// Names with their own lines.
    Map(Vec<(String, u64, Node)>),
}

/// Reads a document. An empty one says nothing.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { line: 1, kind: Kind::Map(Vec::new()) });
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let read: Result<Spanned<Spot>, _> = serde_saphyr::from_str_with_options(text, options);
    read.map(node).map_err(|error| {
        let line = error.location().map(|place| place.line());
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let message = message.split(" at line ").next().and_then(|text| text.split(", set ").next());
        Problem { line, path: String::new(), message: message.unwrap_or_default().to_owned() }
    })
}

fn node(spot: Spanned<Spot>) -> Node {
    let line = spot.referenced.line();
    let kind = match spot.value {
        Spot::Leaf(value) => Kind::Leaf(value),
        Spot::List(items) => Kind::List(items.into_iter().map(node).collect()),
        Spot::Map(members) => {
            let member = |(name, value): (Spanned<String>, Spanned<Spot>)| {
                (name.value, name.referenced.line(), node(value))
            };
            Kind::Map(members.into_iter().map(member).collect())
        }
    };
    Node { line, kind }
}

#[derive(Debug)]
enum Spot {
    Leaf(Value),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpotVisitor)
    }
}

struct SpotVisitor;

macro_rules! scalars {
    ($($name:ident: $type:ty),*) => {
        $(fn $name<E: serde::de::Error>(self, value: $type) -> Result<Spot, E> { Ok(Spot::Leaf(value.into())) })*
    };
}

impl<'de> Visitor<'de> for SpotVisitor {
    type Value = Spot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_str: &str, visit_string: String);

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Spot, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Spot::Leaf(Value::Number(number)))
    }

    fn visit_unit<E>(self) -> Result<Spot, E> {
        Ok(Spot::Leaf(Value::Null))
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
