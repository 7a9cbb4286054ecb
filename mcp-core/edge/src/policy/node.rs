//! Arguments of a call, with what an ordinary JSON tree forgets: members that occur twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What a pointer leads to.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) nodes: Vec<&'a Node>,
    /// Readers may disagree on what is there: a member on the way occurs twice.
    pub(super) ambiguous: bool,
}

impl Node {
    /// All values under a path; `*` stands for each element or member.
    pub(super) fn find(&self, path: &[Box<str>]) -> Found<'_> {
        let mut found = Found::default();
        self.walk(path, &mut found);
        found
    }

    fn walk<'a>(&'a self, path: &[Box<str>], found: &mut Found<'a>) {
        let Some((step, rest)) = path.split_first() else {
            found.nodes.push(self);
            return;
        };
        match self {
            Self::Object(members) => {
                let mut met = 0;
                for (name, value) in members.iter().filter(|(name, _)| **step == *"*" || *name == **step) {
                    met += usize::from(
                        **step != *"*" || members.iter().filter(|(other, _)| other == name).count() > 1,
                    );
                    value.walk(rest, found);
                }
                found.ambiguous |= met > 1;
            }
            Self::List(items) if **step == *"*" => items.iter().for_each(|item| item.walk(rest, found)),
            Self::List(items) => {
                if let Some(item) = step.parse::<usize>().ok().and_then(|at| items.get(at)) {
                    item.walk(rest, found);
                }
            }
            _ => {}
        }
    }

    /// Whether it is this value: numbers by value, members in any order.
    pub(super) fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Number(a), Value::Number(b)) => same_number(a, b),
            (Self::Text(a), Value::String(b)) => a == b,
            (Self::List(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Self::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| a.equals(b)))
                    && b.keys().all(|name| a.iter().filter(|(other, _)| other == name).count() == 1)
            }
            _ => false,
        }
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_u64().zip(b.as_u64()).map_or_else(|| a.as_f64() == b.as_f64(), |(a, b)| a == b),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}
