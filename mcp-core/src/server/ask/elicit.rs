//! Questions to the person at the client.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Inquiry;
use crate::protocol::{
    Capability, ElicitAction, ElicitResult, Elicitation, InputRequest, RawJson, validate_answer,
};
use crate::server::schema;

/// A form for the person at the client.
pub struct Elicit<T> {
    message: String,
    schema: RawJson,
    answer: PhantomData<fn() -> T>,
}

impl Elicit<()> {
    /// A form with the fields of `T`: a struct of strings, numbers, booleans, and enums without
    /// data. Doc comments become descriptions.
    pub fn form<T: DeserializeOwned + JsonSchema + 'static>(message: impl Into<String>) -> Elicit<T> {
        Elicit { message: message.into(), schema: schema::of_form::<T>(), answer: PhantomData }
    }

    /// A form built at run time, with [`FormSchema`](crate::protocol::FormSchema) or by hand; the
    /// answer is a map.
    pub fn with_schema(message: impl Into<String>, schema: impl Into<RawJson>) -> Elicit<Map<String, Value>> {
        Elicit { message: message.into(), schema: schema.into(), answer: PhantomData }
    }

    /// A page for the person to open, for what must not pass through the client: passwords, keys,
    /// payments. The answer only says whether the person agreed to open it.
    pub fn url(message: impl Into<String>, url: impl Into<String>) -> ElicitUrl {
        ElicitUrl { message: message.into(), url: url.into() }
    }
}

/// What the person did with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elicited<T> {
    /// Filled in and sent.
    Accepted(T),
    /// Refused.
    Declined,
    /// Closed without a decision.
    Cancelled,
}

impl<T> Elicited<T> {
    /// The answer, if there is one.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(answer) => Some(answer),
            _ => None,
        }
    }
}

impl<T: DeserializeOwned + 'static> Inquiry for Elicit<T> {
    type Answer = Elicited<T>;

    fn capability(&self) -> Capability {
        Capability::ElicitationForm
    }

    fn request(&self) -> InputRequest {
        InputRequest::Elicit(Elicitation::Form {
            message: self.message.clone(),
            requested_schema: self.schema.clone(),
        })
    }

    fn read(&self, answer: &RawJson) -> Result<Self::Answer, String> {
        let answer: ElicitResult = answer.parse().map_err(|error| error.to_string())?;
        Ok(match answer.action {
            ElicitAction::Accept => {
                let content = answer.content.unwrap_or_default();
                validate_answer(&self.schema, &content).map_err(|error| error.to_string())?;
                Elicited::Accepted(serde_json::from_value(content.into()).map_err(|error| error.to_string())?)
            }
            ElicitAction::Decline => Elicited::Declined,
            ElicitAction::Cancel => Elicited::Cancelled,
        })
    }
}

impl<T> fmt::Debug for Elicit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elicit").field("message", &self.message).finish_non_exhaustive()
    }
}

/// A page for the person to open.
#[derive(Debug, Clone)]
pub struct ElicitUrl {
    message: String,
    url: String,
}

/// What the person did with a request to open a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlAnswer {
    /// Agreed to open it. What happens there is not known here.
    Opened,
    /// Refused.
    Declined,
    /// Closed without a decision.
    Cancelled,
}

impl Inquiry for ElicitUrl {
    type Answer = UrlAnswer;

    fn capability(&self) -> Capability {
        Capability::ElicitationUrl
    }

    fn request(&self) -> InputRequest {
        InputRequest::Elicit(Elicitation::Url { message: self.message.clone(), url: self.url.clone() })
    }

    fn read(&self, answer: &RawJson) -> Result<UrlAnswer, String> {
        let answer: ElicitResult = answer.parse().map_err(|error| error.to_string())?;
        Ok(match answer.action {
            ElicitAction::Accept => UrlAnswer::Opened,
            ElicitAction::Decline => UrlAnswer::Declined,
            ElicitAction::Cancel => UrlAnswer::Cancelled,
        })
    }
}
