//! A place in a document, which knows how it is reached.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Problem;
use crate::nearest;

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) value: &'a Value,
    above: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Top,
    Name(&'a str),
    At(usize),
}

type Read<T> = Result<T, Problem>;

impl<'a> Cursor<'a> {
    pub(crate) const fn top(value: &'a Value) -> Self {
        Self { value, above: None, step: Step::Top }
    }

    pub(crate) fn path(&self) -> String {
        let mut path = self.above.map_or_else(String::new, Cursor::path);
        match self.step {
            Step::Top => {}
            Step::Name(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::At(at) => path.push_str(&format!("[{at}]")),
        }
        path
    }

    pub(crate) fn wrong(&self, problem: impl Into<String>) -> Problem {
        Problem::at(self.path(), problem)
    }

    fn map(&self) -> Read<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.wrong("a map is needed here"))
    }

    /// The members, in order.
    pub(crate) fn members(&'a self) -> Read<impl Iterator<Item = (&'a str, Cursor<'a>)>> {
        Ok(self.map()?.iter().map(move |(name, value)| {
            (name.as_str(), Cursor { value, above: Some(self), step: Step::Name(name) })
        }))
    }

    /// Refuses members of other names.
    pub(crate) fn only(&'a self, names: &[&str]) -> Read<()> {
        for (name, member) in self.members()? {
            if !names.contains(&name) {
                let problem = member.wrong(format!("`{name}` is not known here"));
                return Err(problem.nearest(nearest(name, names.iter().copied())));
            }
        }
        Ok(())
    }

    /// The member of that name; `null` is none.
    pub(crate) fn get(&'a self, name: &'a str) -> Option<Self> {
        let value = self.value.as_object()?.get(name).filter(|value| !value.is_null())?;
        Some(Cursor { value, above: Some(self), step: Step::Name(name) })
    }

    pub(crate) fn need(&'a self, name: &'a str) -> Read<Self> {
        self.get(name).ok_or_else(|| self.wrong(format!("`{name}` is missing")))
    }

    /// The elements of a list; of what is no list, itself.
    pub(crate) fn each(&'a self) -> impl Iterator<Item = Cursor<'a>> {
        let (items, single) = match self.value {
            Value::Array(items) => (items.as_slice(), None),
            _ => (&[][..], Some(*self)),
        };
        let items = items.iter().enumerate();
        items.map(move |(at, value)| Cursor { value, above: Some(self), step: Step::At(at) }).chain(single)
    }

    /// Each element, made into something.
    pub(crate) fn all<T>(&'a self, make: impl Fn(&Cursor<'_>) -> Read<T>) -> Read<Vec<T>> {
        let all: Vec<T> = self.each().map(|item| make(&item)).collect::<Read<_>>()?;
        if all.is_empty() { Err(self.wrong("an empty list fits nothing: leave it out")) } else { Ok(all) }
    }

    pub(crate) fn text(&self) -> Read<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("a text is needed here"))
    }

    pub(crate) fn owned(&self) -> Read<String> {
        self.text().map(str::to_owned)
    }

    /// The texts of a list, or the one text.
    pub(crate) fn texts(&'a self) -> Read<Vec<String>> {
        self.all(|item| item.owned())
    }

    /// The texts of the member of that name; none if there is none.
    pub(crate) fn texts_of(&'a self, name: &'a str) -> Read<Vec<String>> {
        self.get(name).map_or(Ok(Vec::new()), |list| list.all(|item| item.owned()))
    }

    /// The same, where an empty list is as good as none.
    pub(crate) fn list(&'a self, name: &'a str) -> Read<Vec<String>> {
        self.get(name).map_or(Ok(Vec::new()), |list| list.each().map(|item| item.owned()).collect())
    }

    pub(crate) fn flag(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong("`true` or `false` is needed here"))
    }

    pub(crate) fn number(&self) -> Read<f64> {
        self.value.as_f64().ok_or_else(|| self.wrong("a number is needed here"))
    }

    pub(crate) fn whole<T: TryFrom<i64>>(&self) -> Read<T> {
        let whole = self.value.as_i64().and_then(|number| T::try_from(number).ok());
        whole.ok_or_else(|| self.wrong("a whole number, not too large, is needed here"))
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Read<T> {
        let text = self.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let problem = self.wrong(format!("`{text}` is none of {}", known.join(", ")));
            problem.nearest(nearest(text, words.iter().map(|(word, _)| *word)))
        })
    }

    /// A time span such as `90s`, `10m`, `1h30m` or `7d`.
    pub(crate) fn duration(&self) -> Read<Duration> {
        let problem = || self.wrong("a time span such as `90s`, `10m`, `1h30m` or `7d` is needed here");
        let (mut seconds, mut digits) = (0_u64, String::new());
        for c in self.text().map_err(|_| problem())?.chars() {
            let unit = match c {
                '0'..='9' => {
                    digits.push(c);
                    continue;
                }
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => return Err(problem()),
            };
            let count: u64 = digits.parse().map_err(|_| problem())?;
            digits.clear();
            seconds =
                count.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(problem)?;
        }
        // A year is more than anybody remembers, and keeps sums of milliseconds small.
        if !digits.is_empty() || seconds == 0 || seconds > 366 * 86_400 {
            return Err(problem());
        }
        Ok(Duration::from_secs(seconds))
    }

    /// What a text is read as, by a parser that knows what may have been meant.
    pub(crate) fn parsed<T>(&self, parse: impl Fn(&str) -> Result<T, (String, Option<String>)>) -> Read<T> {
        parse(self.text()?).map_err(|(problem, near)| self.wrong(problem).nearest(near.as_deref()))
    }

    /// What a text is read as.
    pub(crate) fn read<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Read<T> {
        parse(self.text()?).map_err(|problem| self.wrong(problem))
    }
}
