//! One call, made again where that may help.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue};

use super::Failed;
use super::answer::complaint;
use crate::http::{LONGEST_WAIT, repeated, wanted};

/// Bytes of an answer.
const LARGEST: u64 = 64 << 20;
/// Bytes of a refusal that are looked at.
const REFUSAL: usize = 4 << 10;

/// Where to call, and how.
pub(super) struct Server {
    pub(super) agent: Agent,
    pub(super) url: String,
    /// The address without what may be secret.
    pub(super) name: String,
    /// `Bearer` and the key, which is never shown.
    pub(super) key: Option<HeaderValue>,
    pub(super) timeout: Duration,
    pub(super) retries: u32,
    pub(super) back_off: Duration,
}

type Attempt = crate::http::Attempt<Failed>;

impl Server {
    /// Posts JSON and returns what comes back.
    pub(super) fn post(&self, body: &[u8]) -> Result<Vec<u8>, Failed> {
        repeated(self.retries, self.back_off, |back_off| self.attempt(body, back_off))
    }

    fn attempt(&self, body: &[u8], back_off: Duration) -> Result<Vec<u8>, Attempt> {
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", key);
        }
        let mut response = request.send(body).map_err(|error| self.broken(error, back_off))?;
        let limited = response.body_mut().with_config().limit(LARGEST);
        let answer = limited.read_to_vec().map_err(|error| self.broken(error, back_off))?;
        match response.status().as_u16() {
            200..=299 => Ok(answer),
            status => Err(self.refused(status, response.headers(), &answer, back_off)),
        }
    }

    /// Texts may be sent twice: nothing changes on the server. But who did not answer in time is not asked to begin anew.
    fn broken(&self, error: ureq::Error, back_off: Duration) -> Attempt {
        let url = self.name.clone();
        match error {
            ureq::Error::Timeout(_) => {
                Attempt { failed: Failed::TimedOut { url, within: self.timeout }, again: None }
            }
            ureq::Error::BodyExceedsLimit(most) => {
                let problem = format!("the answer has more than {most} bytes: lower `batch`");
                Attempt { failed: Failed::Answer { url, problem }, again: None }
            }
            source => {
                let again = matches!(source, ureq::Error::Io(_) | ureq::Error::ConnectionFailed);
                let failed = Failed::Unreachable { url, source: Box::new(source) };
                Attempt { failed, again: again.then_some(back_off) }
            }
        }
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8], back_off: Duration) -> Attempt {
        let key = self.key.as_ref().and_then(|key| key.to_str().ok()?.strip_prefix("Bearer "));
        let message = complaint(body.get(..REFUSAL).unwrap_or(body), key);
        let url = self.name.clone();
        let busy = status == 429 || (500..=599).contains(&status);
        let wait = headers.get("retry-after").and_then(wanted).unwrap_or(back_off);
        if busy && wait > LONGEST_WAIT {
            let failed = Failed::Wait { url, status, wait, most: LONGEST_WAIT, message };
            return Attempt { failed, again: None };
        }
        let help = match status {
            401 | 403 => "; check `key`",
            404 => "; check the address and the model",
            413 => "; lower `batch`",
            300..=399 => "; give the address that it leads to",
            _ => "",
        };
        Attempt { failed: Failed::Status { url, status, message, help }, again: busy.then_some(wait) }
    }
}
