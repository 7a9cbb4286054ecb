//! Answers that come in pages.

use std::collections::HashSet;

use bytes::Bytes;
use http::{Response, header};
use serde_json::Value;
use url::Url;

use super::answer;
use super::call::{Api, Prepared};
use super::operation::Operation;
use super::parameter::{encode, text};
use crate::protocol::CallToolResult;

/// How pages are followed.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// How many; 0 and 1 follow none.
    pub(super) most: usize,
    /// The query parameter, and where the answer says what it must be. Without it, the `Link` header.
    pub(super) cursor: Option<(String, String)>,
}

impl Api {
    /// Gets the pages after the first, and puts the items of all together.
    pub(super) async fn all_pages(
        &self,
        operation: &Operation,
        mut prepared: Prepared,
        first: Response<Bytes>,
    ) -> Result<CallToolResult, String> {
        let Ok(mut whole) = serde_json::from_slice::<Value>(first.body()) else {
            return Ok(answer::result(operation, &first));
        };
        let mut left = self.max_response.saturating_sub(first.body().len());
        let mut seen = HashSet::from([prepared.url.clone()]);
        let mut next = self.next(&prepared.url, &first, &whole);
        let mut got = 1;
        while let Some(url) = next.take().filter(|url| got < self.pages.most && seen.insert(url.clone())) {
            prepared.url = url;
            let answer = self.exchange(operation, &prepared, left).await?;
            let page =
                serde_json::from_slice::<Value>(answer.body()).ok().filter(|_| answer.status().is_success());
            let Some(mut page) = page else { return Ok(answer::result(operation, &answer)) };
            left = left.saturating_sub(answer.body().len());
            next = self.next(&prepared.url, &answer, &page);
            let (Some(all), Some(more)) = (items(&mut whole), items(&mut page)) else { break };
            all.append(more);
            got += 1;
        }
        if got == 1 {
            return Ok(answer::result(operation, &first));
        }
        Ok(answer::data(operation, &whole.to_string(), &whole))
    }

    /// Where the next page is.
    fn next(&self, url: &Url, answer: &Response<Bytes>, body: &Value) -> Option<Url> {
        let Some((parameter, pointer)) = &self.pages.cursor else {
            let links = answer.headers().get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
            let next = links.flat_map(|value| value.split(',')).find_map(next_link)?;
            let next = url.join(next).ok()?;
            // Credentials are for the origin that was named.
            return (next.origin() == url.origin()).then(|| self.with_key(next));
        };
        let cursor = body.pointer(pointer).filter(|cursor| !cursor.is_null()).map(text)?;
        if cursor.is_empty() {
            return None;
        }
        let (name, query) = (encode(parameter), url.query().unwrap_or_default());
        let kept = query
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next().is_some_and(|other| other != name));
        let query: Vec<_> = kept.map(str::to_owned).chain([format!("{name}={}", encode(&cursor))]).collect();
        let mut next = url.clone();
        next.set_query(Some(&query.join("&")));
        Some(next)
    }

    /// A link may have lost the key that goes with every request.
    fn with_key(&self, mut url: Url) -> Url {
        for (name, value) in &self.query {
            if !url.query_pairs().any(|(other, _)| other == *name) {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }
}

/// The address in one value of a `Link` header, if it is that of the next page.
fn next_link(link: &str) -> Option<&str> {
    let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let mut relations = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let is_next = relations.any(|(name, value)| {
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel")
            && value.split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
    });
    is_next.then_some(address)
}

/// The items of a page: the page itself, or the one array that it holds.
fn items(page: &mut Value) -> Option<&mut Vec<Value>> {
    match page {
        Value::Array(items) => Some(items),
        Value::Object(members) => {
            let mut arrays = members.values_mut().filter_map(Value::as_array_mut);
            let items = arrays.next();
            if arrays.next().is_some() { None } else { items }
        }
        _ => None,
    }
}
