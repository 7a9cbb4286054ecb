//! The questions and answers of one call.

use std::collections::BTreeMap;
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
    /// How often a question was asked again under a fresh name.
    repeats: BTreeMap<String, u32>,
}

struct Open {
    request: InputRequest,
    waker: Waker,
    /// Whether whoever drives the call has seen the question.
    taken: bool,
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
            *pages.repeats.entry(key.to_owned()).or_default() += 1;
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
                let open = Open { request: request(), waker: waker.clone(), taken: false };
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
        let repeats = &pages.repeats;
        let fresh = pages.open.iter_mut().filter(|(_, open)| !open.taken);
        fresh
            .map(|(key, open)| {
                open.taken = true;
                (shown(key, repeats.get(key).copied().filter(|_| task)), open.request.clone())
            })
            .collect()
    }

    /// Takes the answer to a question by the name that the client saw. Answers to questions that
    /// are not open are ignored. Returns whether the question was open.
    pub(crate) fn deliver(&self, name: &str, answer: Result<RawJson, RpcError>) -> bool {
        let mut state = self.0.lock();
        let task = state.manner == Manner::Task;
        let Some(pages) = state.pages.as_mut() else { return false };
        let repeats = &pages.repeats;
        let key = pages
            .open
            .keys()
            .find(|key| shown(key, repeats.get(*key).copied().filter(|_| task)) == name)
            .cloned();
        let Some((key, open)) = key.and_then(|key| pages.open.shift_remove_entry(&key)) else { return false };
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

/// The name of a question that is asked for the n-th time: names are never used twice in a task.
fn shown(key: &str, repeats: Option<u32>) -> String {
    match repeats {
        None | Some(0) => key.to_owned(),
        Some(n) => format!("{key}-{}", n + 1),
    }
}
