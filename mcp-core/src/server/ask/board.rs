//! The questions and answers of one call.

use std::collections::{BTreeMap, HashSet};
use std::task::Waker;

use indexmap::IndexMap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::MemoError;
use crate::protocol::{InputRequest, InputRequests, RawJson, RpcError};

/// Bytes that the memos of one call may hold.
const MEMO_LIMIT: usize = 16 * 1024;

/// How questions reach the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The answer to the request says what is asked; the client retries (2026-07-28).
    RoundTrips,
    /// The question goes out on the session, and the handler waits.
    Session,
    /// The call is a task; questions are read and answered through it.
    Task,
    /// There is no way to ask.
    Never(&'static str),
}

/// What is known across the rounds of a call; travels in the sealed request state.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// Answers of earlier rounds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) answers: BTreeMap<String, RawJson>,
    /// Results of [`Context::memo`](crate::server::Context::memo).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) memos: BTreeMap<String, RawJson>,
}

/// The questions and answers of one call.
///
/// Almost no call asks anything, so the board of a call that does not is one empty pointer.
pub(crate) struct Board(Mutex<State>);

struct State {
    manner: Manner,
    detach: Detach,
    pages: Option<Box<Pages>>,
}

#[derive(Default)]
struct Pages {
    answers: BTreeMap<String, Result<RawJson, RpcError>>,
    memos: BTreeMap<String, RawJson>,
    open: IndexMap<String, Open>,
    /// Names that questions had in a task: none is ever used for another one.
    named: HashSet<String>,
}

struct Open {
    request: InputRequest,
    waker: Waker,
    /// What the client knows the question by, once whoever drives the call has taken it.
    name: Option<String>,
}

enum Detach {
    No,
    Wished(Waker),
    Done,
}

impl Board {
    pub(crate) fn new(manner: Manner, saved: Saved) -> Self {
        let pages = (!saved.answers.is_empty() || !saved.memos.is_empty()).then(|| {
            let answers = saved.answers.into_iter().map(|(key, answer)| (key, Ok(answer))).collect();
            Box::new(Pages { answers, memos: saved.memos, ..Pages::default() })
        });
        Self(Mutex::new(State { manner, detach: Detach::No, pages }))
    }

    /// Whether questions can be asked at all.
    pub(crate) fn allows(&self) -> bool {
        !matches!(self.0.lock().manner, Manner::Never(_))
    }

    pub(crate) fn refusal(&self) -> Option<&'static str> {
        match self.0.lock().manner {
            Manner::Never(reason) => Some(reason),
            _ => None,
        }
    }

    pub(crate) fn manner(&self) -> Manner {
        self.0.lock().manner
    }

    pub(crate) fn answer(&self, key: &str) -> Option<Result<RawJson, RpcError>> {
        self.0.lock().pages.as_ref()?.answers.get(key).cloned()
    }

    /// Forgets an answer that does not fit, if the client can be asked once more.
    pub(crate) fn ask_again(&self, key: &str) -> bool {
        let mut state = self.0.lock();
        let again = matches!(state.manner, Manner::RoundTrips | Manner::Task);
        if let (true, Some(pages)) = (again, state.pages.as_mut()) {
            pages.answers.remove(key);
        }
        again
    }

    /// Registers a question, or whom to wake when it is registered already.
    pub(crate) fn open(&self, key: &str, request: impl FnOnce() -> InputRequest, waker: &Waker) {
        let mut state = self.0.lock();
        let pages = state.pages.get_or_insert_default();
        match pages.open.get_mut(key) {
            Some(open) => open.waker.clone_from(waker),
            None => {
                let open = Open { request: request(), waker: waker.clone(), name: None };
                pages.open.insert(key.to_owned(), open);
            }
        }
    }

    /// The questions that were registered since this was last called, under the names that the
    /// client gets to see.
    pub(crate) fn take_open(&self) -> InputRequests {
        let mut state = self.0.lock();
        let task = state.manner == Manner::Task;
        let Some(pages) = state.pages.as_mut() else { return InputRequests::new() };
        let Pages { open, named, .. } = &mut **pages;
        let fresh = open.iter_mut().filter(|(_, open)| open.name.is_none());
        fresh
            .map(|(key, open)| {
                let name = if task { unused(key, named) } else { key.clone() };
                (open.name.insert(name).clone(), open.request.clone())
            })
            .collect()
    }

    /// The questions that were taken and have no answer yet, under the names that the client saw.
    pub(crate) fn unanswered(&self) -> InputRequests {
        let state = self.0.lock();
        let open = state.pages.iter().flat_map(|pages| pages.open.values());
        open.filter_map(|open| Some((open.name.clone()?, open.request.clone()))).collect()
    }

    /// Takes the answer to a question by the name that the client saw. Answers to questions that
    /// are not open are ignored. Returns whether the question was open.
    pub(crate) fn deliver(&self, name: &str, answer: Result<RawJson, RpcError>) -> bool {
        let mut state = self.0.lock();
        let Some(pages) = state.pages.as_mut() else { return false };
        let at = pages.open.values().position(|open| open.name.as_deref() == Some(name));
        let Some((key, open)) = at.and_then(|at| pages.open.shift_remove_index(at)) else { return false };
        pages.answers.insert(key, answer);
        drop(state);
        open.waker.wake();
        true
    }

    /// What must survive until the client retries.
    pub(crate) fn save(&self) -> Saved {
        let state = self.0.lock();
        let Some(pages) = state.pages.as_ref() else { return Saved::default() };
        let answers =
            pages.answers.iter().filter_map(|(key, answer)| Some((key.clone(), answer.clone().ok()?)));
        Saved { answers: answers.collect(), memos: pages.memos.clone() }
    }

    pub(crate) fn memo<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, MemoError> {
        let state = self.0.lock();
        let known = state.pages.as_ref().and_then(|pages| pages.memos.get(key));
        Ok(known.map(|raw| serde_json::from_str(raw.get())).transpose()?)
    }

    pub(crate) fn remember<T: Serialize>(&self, key: &str, value: &T) -> Result<(), MemoError> {
        let raw = RawJson::from_serialize(value)?;
        let mut state = self.0.lock();
        let memos = &mut state.pages.get_or_insert_default().memos;
        let size = memos.values().map(|memo| memo.get().len()).sum::<usize>() + raw.get().len();
        if size > MEMO_LIMIT {
            return Err(MemoError::TooLarge { size, limit: MEMO_LIMIT });
        }
        memos.insert(key.to_owned(), raw);
        Ok(())
    }

    pub(crate) fn wish_to_detach(&self, waker: &Waker) {
        self.0.lock().detach = Detach::Wished(waker.clone());
    }

    pub(crate) fn wishes_to_detach(&self) -> bool {
        matches!(self.0.lock().detach, Detach::Wished(_))
    }

    pub(crate) fn is_detached(&self) -> bool {
        matches!(self.0.lock().detach, Detach::Done)
    }

    /// The call is a task from now on.
    pub(crate) fn detached(&self) {
        let mut state = self.0.lock();
        state.manner = Manner::Task;
        if let Detach::Wished(waker) = std::mem::replace(&mut state.detach, Detach::Done) {
            drop(state);
            waker.wake();
        }
    }
}

/// A name for a question that no question of the task had before.
fn unused(key: &str, named: &mut HashSet<String>) -> String {
    let mut name = key.to_owned();
    let mut round = 1u32;
    while !named.insert(name.clone()) {
        round += 1;
        name = format!("{key}-{round}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(board: &Board, keys: &[&str]) -> Vec<String> {
        for key in keys {
            board.open(key, || InputRequest::Roots, Waker::noop());
        }
        board.take_open().into_keys().collect()
    }

    fn answered(board: &Board, name: &str) -> bool {
        board.deliver(name, Ok(RawJson::default()))
    }

    #[test]
    fn names_are_used_once_in_a_task() {
        let board = Board::new(Manner::Task, Saved::default());
        assert_eq!(ask(&board, &["a", "b"]), ["a", "b"]);
        assert!(answered(&board, "a"));
        assert!(!answered(&board, "a"), "an answered question is no longer open");
        assert!(board.ask_again("a"));
        assert_eq!(ask(&board, &["a"]), ["a-2"]);
        assert_eq!(board.unanswered().into_keys().collect::<Vec<_>>(), ["b", "a-2"]);
        // A question of the handler's own that bears the name of a repeated one gets another.
        assert_eq!(ask(&board, &["a-2"]), ["a-2-2"]);
        assert!(answered(&board, "a-2") && board.answer("a").is_some() && board.answer("a-2").is_none());
    }

    #[test]
    fn a_retry_finds_its_answer_under_the_key_itself() {
        let board = Board::new(Manner::RoundTrips, Saved::default());
        assert_eq!(ask(&board, &["a"]), ["a"]);
        assert!(answered(&board, "a") && board.ask_again("a"));
        assert_eq!(ask(&board, &["a"]), ["a"]);
    }
}
