//! Requests that the server answers with questions first.

use bytes::Bytes;

use super::connection::{Link, Watch};
use super::draft::Replies;
use super::{Draft, Error, task, visits};
use crate::protocol::{InputRequests, InputResponses, Params, decode};

/// What a result is.
enum Kind {
    Complete,
    InputRequired,
    Task,
}

/// What one exchange came to.
pub(crate) enum Exchanged {
    /// A result.
    Complete(Bytes),
    /// Questions, and what must come back with their answers.
    Asked {
        /// The questions; none if the server only wants to be asked again.
        questions: InputRequests,
        /// What it wants to see again.
        state: Option<String>,
    },
}

impl Link {
    /// Sends a request once, and answers no questions. Waits for the task that it may become.
    pub(crate) async fn once(
        &self,
        draft: &Draft,
        replies: &Replies,
        watch: &Watch,
    ) -> Result<Exchanged, Error> {
        let result = self.exchange(draft, replies, watch).await?;
        match kind(draft, &result)? {
            Kind::Complete => Ok(Exchanged::Complete(result)),
            Kind::Task => Ok(Exchanged::Complete(task::follow(self, draft, &result, watch).await?)),
            Kind::InputRequired => {
                let Asked { questions, state } = asked(draft, &result)?;
                let questions = questions.map(|text| read(draft, &text)).transpose()?.unwrap_or_default();
                Ok(Exchanged::Asked { questions, state })
            }
        }
    }

    /// Sends a request, answers what the server asks, waits for the task that it may become, and
    /// yields the result. At most `cap` rounds of questions are answered.
    pub(crate) async fn resolve(&self, draft: &Draft, watch: &Watch, cap: u32) -> Result<Bytes, Error> {
        match self.exchange(draft, &Replies::default(), watch).await {
            Ok(first) => self.settle(draft, first, watch, cap).await,
            Err(Error::Rpc(error)) if visits::is_demanded(&error) => {
                Box::pin(self.after_visits(draft, error, watch)).await
            }
            Err(error) => Err(error),
        }
    }

    /// The same from the first answer on.
    pub(crate) async fn settle(
        &self,
        draft: &Draft,
        first: Bytes,
        watch: &Watch,
        cap: u32,
    ) -> Result<Bytes, Error> {
        let mut result = first;
        for _ in 0..cap {
            match kind(draft, &result)? {
                Kind::Complete => return Ok(result),
                Kind::Task => return Box::pin(task::follow(self, draft, &result, watch)).await,
                Kind::InputRequired => {
                    let replies = Box::pin(self.replies(draft, &result)).await?;
                    result = self.exchange(draft, &replies, watch).await?;
                }
            }
        }
        match kind(draft, &result)? {
            Kind::Complete => Ok(result),
            Kind::Task => Box::pin(task::follow(self, draft, &result, watch)).await,
            Kind::InputRequired => Err(Error::TooManyRounds { method: draft.method.clone(), rounds: cap }),
        }
    }

    /// Answers the questions in a result.
    async fn replies(&self, draft: &Draft, result: &Bytes) -> Result<Replies, Error> {
        let Asked { questions, state } = asked(draft, result)?;
        let answers = match questions {
            Some(questions) => Some(self.answers(draft, &questions).await?),
            None => None,
        };
        Ok(Replies { answers, state })
    }

    /// Answers questions one after the other: a person can read only one at a time.
    pub(crate) async fn answers(&self, draft: &Draft, questions: &str) -> Result<InputResponses, Error> {
        let mut answers = InputResponses::default();
        for (key, question) in read(draft, questions)? {
            answers.insert(key, self.inbox.handlers.answer(question).await?);
        }
        Ok(answers)
    }
}

/// What a result asks.
struct Asked {
    /// The questions as JSON.
    questions: Option<String>,
    state: Option<String>,
}

fn asked(draft: &Draft, result: &Bytes) -> Result<Asked, Error> {
    let malformed = |problem: String| Error::Malformed { method: draft.method.clone(), problem };
    let result = Params::from_json(result).map_err(|problem| malformed(problem.to_string()))?;
    let state = match result.get("requestState") {
        Some(_) => {
            let state = result.get_str("requestState");
            let state = state.ok_or_else(|| malformed("`requestState` is not a string".to_owned()))?;
            Some(state.into_owned())
        }
        None => None,
    };
    let questions = result.get("inputRequests").map(str::to_owned);
    if questions.is_none() && state.is_none() {
        return Err(malformed("it asks for input and says not which".to_owned()));
    }
    Ok(Asked { questions, state })
}

fn read(draft: &Draft, questions: &str) -> Result<InputRequests, Error> {
    decode(questions).map_err(|error| Error::Malformed {
        method: draft.method.clone(),
        problem: format!("`inputRequests`: {error}"),
    })
}

/// What a result says it is; one that says nothing is complete.
fn kind(draft: &Draft, result: &Bytes) -> Result<Kind, Error> {
    const MEMBER: &str = "resultType";
    // As servers mostly write it, without a second look at the rest.
    if result.starts_with(br#"{"resultType":"complete","#) {
        return Ok(Kind::Complete);
    }
    if memchr::memmem::find(result, MEMBER.as_bytes()).is_none() {
        return Ok(Kind::Complete);
    }
    let members = Params::from_json(result)
        .map_err(|problem| Error::Malformed { method: draft.method.clone(), problem: problem.to_string() })?;
    match members.get(MEMBER) {
        None | Some("\"complete\"") => Ok(Kind::Complete),
        Some("\"input_required\"") => Ok(Kind::InputRequired),
        Some("\"task\"") => Ok(Kind::Task),
        Some(other) => {
            let found = other.trim_matches('"').chars().take(80).collect();
            Err(Error::UnknownResultType { method: draft.method.clone(), found })
        }
    }
}
