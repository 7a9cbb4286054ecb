//! The tree.

use serde_json::Value;

use super::field::Field;

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A condition on one field. Of what is missing, none holds. Values of times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// It is one of these, or has one of them in it.
    Any(Vec<Value>),
    /// It has all of these in it.
    Every(Vec<Value>),
    Compare(Order, Value),
    Contains(String),
    /// In lower case.
    ContainsInAnyCase(String),
    Prefix(String),
    Exists,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Field, Test),
}

impl Node {
    /// What always holds.
    pub(crate) const ALWAYS: Self = Self::All(Vec::new());
    /// What never does.
    pub(crate) const NEVER: Self = Self::Any(Vec::new());

    /// The same in fewer words: `Not` stands before tests only, nodes of a kind are one, and what always or never holds is
    /// [`ALWAYS`](Self::ALWAYS) or [`NEVER`](Self::NEVER) where that can be told. To do it twice changes nothing.
    pub(crate) fn simplified(self) -> Self {
        self.reduced(false)
    }

    fn reduced(self, negated: bool) -> Self {
        match self {
            Self::All(nodes) => joined(nodes, negated, !negated),
            Self::Any(nodes) => joined(nodes, negated, negated),
            Self::Not(node) => node.reduced(!negated),
            Self::Test(_, Test::Any(values)) if values.is_empty() => {
                if negated {
                    Self::ALWAYS
                } else {
                    Self::NEVER
                }
            }
            // Not turned around: what is not more need not be less, it may be missing.
            test @ Self::Test(..) if negated => Self::Not(Box::new(test)),
            test @ Self::Test(..) => test,
        }
    }

    /// Whether one holds exactly where the other does not, as far as can be seen.
    fn contradicts(&self, other: &Self) -> bool {
        let not = |a: &Self, b: &Self| matches!(a, Self::Not(inner) if **inner == *b);
        not(self, other) || not(other, self)
    }
}

/// All of the nodes, or any.
fn joined(nodes: Vec<Node>, negated: bool, all: bool) -> Node {
    let mut flat: Vec<Node> = Vec::new();
    for node in nodes {
        let parts = match node.reduced(negated) {
            Node::All(parts) if all => parts,
            Node::Any(parts) if !all => parts,
            other => vec![other],
        };
        for part in parts {
            let settles = match &part {
                Node::Any(none) if all => none.is_empty(),
                Node::All(none) if !all => none.is_empty(),
                _ => false,
            };
            if settles || flat.iter().any(|other| other.contradicts(&part)) {
                return if all { Node::NEVER } else { Node::ALWAYS };
            }
            if !flat.contains(&part) {
                flat.push(part);
            }
        }
    }
    match (flat.len(), all) {
        (1, _) => flat.remove(0),
        (_, true) => Node::All(flat),
        (_, false) => Node::Any(flat),
    }
}
