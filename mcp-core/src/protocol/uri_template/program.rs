//! Matching: a template becomes a small program for a machine that tries alternatives in order and remembers
//! where it has failed, so that no (instruction, position) is tried twice.

use super::{Operator, Part};

/// Longer URIs match nothing: the machine's memory grows with them.
const MAX_URI: usize = 64 * 1024;

#[derive(Debug, Clone, Copy)]
enum Op {
    Byte(u8),
    Class(Class),
    /// Try the first, then the second.
    Split(usize, usize),
    Jump(usize),
    Start(usize),
    End(usize),
    Match,
}

/// Bytes that a value may hold where it stands.
#[derive(Debug, Clone, Copy)]
enum Class {
    /// Anything but what separates segments, parameters and lists.
    Segment,
    /// Anything but what separates query parameters.
    Query,
    /// Anything.
    All,
    /// Anything but a comma.
    Item,
}

impl Class {
    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Segment => !b"/?#[],;&".contains(&byte),
            Self::Query => !b"&#".contains(&byte),
            Self::All => true,
            Self::Item => byte != b',',
        }
    }
}

pub(super) type Span = Option<(usize, usize)>;

#[derive(Debug, Clone)]
pub(super) struct Program {
    ops: Vec<Op>,
    prefix: Vec<u8>,
}

impl Program {
    pub(super) fn of(parts: &[Part]) -> Self {
        let prefix = match parts.first() {
            Some(Part::Literal(text)) => text.clone().into_bytes(),
            _ => Vec::new(),
        };
        let mut writer = Compiler { ops: Vec::new(), variable: 0, modest: false };
        for (index, part) in parts.iter().enumerate() {
            writer.modest = parts.iter().skip(index + 1).any(Part::may_be_absent);
            match part {
                Part::Literal(text) => writer.literal(text),
                Part::Expression { operator, names } if operator.named() => writer.named(*operator, names),
                Part::Expression { operator, names } => writer.listed(*operator, names.len()),
            }
        }
        writer.ops.push(Op::Match);
        Self { ops: writer.ops, prefix }
    }

    /// The span of each variable, or `None` where the program does not match.
    pub(super) fn run(&self, uri: &[u8], variables: usize) -> Option<Vec<Span>> {
        if uri.len() > MAX_URI || !uri.starts_with(&self.prefix) {
            return None;
        }
        let mut machine = Machine {
            ops: &self.ops,
            uri,
            tried: vec![0; (self.ops.len() * (uri.len() + 1)).div_ceil(64)],
            spans: vec![None; variables],
            todo: vec![Job::Try(0, 0)],
        };
        machine.run().then_some(machine.spans)
    }
}

struct Compiler {
    ops: Vec<Op>,
    variable: usize,
    /// Values take as little as they can: what comes later may be absent, and would never be seen otherwise.
    modest: bool,
}

impl Compiler {
    fn literal(&mut self, text: &str) {
        self.ops.extend(text.bytes().map(Op::Byte));
    }

    /// Writes a branch whose second way is known later, and returns where it stands.
    fn branch(&mut self) -> usize {
        let at = self.ops.len();
        self.ops.push(Op::Split(at + 1, 0));
        at
    }

    fn lands_here(&mut self, at: usize) {
        let here = self.ops.len();
        self.ops[at] = match self.ops[at] {
            Op::Split(first, _) => Op::Split(first, here),
            _ => Op::Jump(here),
        };
    }

    /// A value of `class`; `filled` if it may not be empty.
    fn value(&mut self, class: Class, filled: bool) {
        self.ops.push(Op::Start(self.variable));
        if filled {
            self.ops.push(Op::Class(class));
        }
        let again = self.branch();
        self.ops.push(Op::Class(class));
        self.ops.push(Op::Jump(again));
        self.lands_here(again);
        if let (true, Op::Split(more, enough)) = (self.modest, self.ops[again]) {
            self.ops[again] = Op::Split(enough, more);
        }
        self.ops.push(Op::End(self.variable));
        self.variable += 1;
    }

    /// Values one after the other, each of them there only if the one before is.
    fn listed(&mut self, operator: Operator, count: usize) {
        let class = match operator {
            Operator::Reserved | Operator::Fragment if count == 1 => Class::All,
            Operator::Reserved | Operator::Fragment => Class::Item,
            _ => Class::Segment,
        };
        let mut optional = Vec::new();
        for index in 0..count {
            let lead = if index == 0 { operator.first() } else { operator.separator() };
            if !lead.is_empty() {
                optional.push(self.branch());
            }
            self.literal(lead);
            self.value(class, true);
        }
        for at in optional {
            self.lands_here(at);
        }
    }

    /// `name=value` in any order, all of them optional.
    fn named(&mut self, operator: Operator, names: &[String]) {
        let class = if operator == Operator::Parameter { Class::Segment } else { Class::Query };
        let none = self.branch();
        self.literal(operator.first());
        let pair = self.ops.len();
        let mut done = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let other = (index + 1 < names.len()).then(|| self.branch());
            self.literal(name);
            if operator == Operator::Parameter {
                // `;name` alone is an empty value.
                let signed = self.branch();
                self.literal("=");
                self.value(class, true);
                done.push(self.ops.len());
                self.ops.push(Op::Jump(0));
                self.lands_here(signed);
                self.ops.push(Op::Start(self.variable - 1));
                self.ops.push(Op::End(self.variable - 1));
            } else {
                self.literal("=");
                self.value(class, false);
            }
            done.push(self.ops.len());
            self.ops.push(Op::Jump(0));
            if let Some(other) = other {
                self.lands_here(other);
            }
        }
        for at in done {
            self.lands_here(at);
        }
        let last = self.branch();
        self.literal(operator.separator());
        self.ops.push(Op::Jump(pair));
        self.lands_here(last);
        self.lands_here(none);
    }
}

/// The length of the character that `uri`, which is ASCII, begins with. A value must not end within the encoding of
/// one: it could not be decoded. `None` where a percent sign leads nowhere or the bytes are no text.
fn character(uri: &[u8]) -> Option<usize> {
    if uri.first() != Some(&b'%') {
        return Some(1);
    }
    let mut bytes = [0; 4];
    for (index, triplet) in uri.chunks_exact(3).take(bytes.len()).enumerate() {
        let [b'%', high, low] = *triplet else { return None };
        bytes[index] = super::expand::digit(high)? * 16 + super::expand::digit(low)?;
        if std::str::from_utf8(&bytes[..=index]).is_ok() {
            return Some(3 * (index + 1));
        }
    }
    None
}

enum Job {
    Try(usize, usize),
    Restore(usize, Span),
}

struct Machine<'a> {
    ops: &'a [Op],
    uri: &'a [u8],
    tried: Vec<u64>,
    spans: Vec<Span>,
    todo: Vec<Job>,
}

impl Machine<'_> {
    fn run(&mut self) -> bool {
        while let Some(job) = self.todo.pop() {
            match job {
                Job::Restore(variable, span) => self.spans[variable] = span,
                Job::Try(op, at) => {
                    if self.follow(op, at) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Follows one way until it matches or fails; other ways are put on the list.
    fn follow(&mut self, mut op: usize, mut at: usize) -> bool {
        loop {
            let state = op * (self.uri.len() + 1) + at;
            let (word, bit) = (state / 64, 1 << (state % 64));
            if self.tried[word] & bit != 0 {
                return false;
            }
            self.tried[word] |= bit;
            match self.ops[op] {
                Op::Byte(byte) if self.uri.get(at) == Some(&byte) => (op, at) = (op + 1, at + 1),
                Op::Class(class) if self.uri.get(at).is_some_and(|byte| class.holds(*byte)) => {
                    let Some(length) = character(&self.uri[at..]) else { return false };
                    (op, at) = (op + 1, at + length);
                }
                Op::Byte(_) | Op::Class(_) => return false,
                Op::Split(first, second) => {
                    self.todo.push(Job::Try(second, at));
                    op = first;
                }
                Op::Jump(to) => op = to,
                Op::Start(variable) => {
                    // A name that stands twice leaves open which value is meant.
                    if self.spans[variable].is_some() {
                        return false;
                    }
                    self.set(variable, Some((at, at)));
                    op += 1;
                }
                Op::End(variable) => {
                    let start = self.spans[variable].map_or(at, |(start, _)| start);
                    self.set(variable, Some((start, at)));
                    op += 1;
                }
                Op::Match if at == self.uri.len() => return true,
                Op::Match => return false,
            }
        }
    }

    fn set(&mut self, variable: usize, span: Span) {
        self.todo.push(Job::Restore(variable, self.spans[variable]));
        self.spans[variable] = span;
    }
}
