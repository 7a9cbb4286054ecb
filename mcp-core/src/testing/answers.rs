//! The script of what the client answers when it is asked.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde_json::{Map, Value};

/// Answers by what they answer: the key of a question, its message or its method.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Vec<(String, VecDeque<Value>)>>);

impl Answers {
    pub(crate) fn add(&self, question: String, answer: Value) {
        let mut all = self.0.lock();
        match all.iter_mut().find(|(known, _)| *known == question) {
            Some((_, answers)) => answers.push_back(answer),
            None => all.push((question, VecDeque::from([answer]))),
        }
    }

    /// The answer to a question: by its key, else by its message, else by its method. Of several
    /// answers each is given once, the last one again and again.
    pub(crate) fn find(&self, key: Option<&str>, question: &Value) -> Option<Value> {
        let message = question.pointer("/params/message").and_then(Value::as_str);
        let method = question.get("method").and_then(Value::as_str);
        let mut all = self.0.lock();
        let names = [key, message, method].into_iter().flatten();
        let mut found = names.filter_map(|name| all.iter().position(|(known, _)| known == name));
        let (_, answers) = found.next().and_then(|i| all.get_mut(i))?;
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
    }

    /// Answers to all questions of an `input_required` result; none where one has no answer.
    pub(crate) fn find_all(&self, result: &Value) -> Option<Map<String, Value>> {
        let questions = result.get("inputRequests")?.as_object()?;
        questions.iter().map(|(key, question)| Some((key.clone(), self.find(Some(key), question)?))).collect()
    }
}
