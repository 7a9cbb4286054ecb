//! Lists, page by page.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::connection::{Link, Watch};
use super::draft::Replies;
use super::{Draft, Error};
use crate::protocol::{Method, Prompt, RawJson, Resource, ResourceTemplate, Tool, decode};

/// What servers list.
pub trait Listed: DeserializeOwned + Send + Unpin + 'static + sealed::Sealed {}

mod sealed {
    use super::{Method, Prompt, Resource, ResourceTemplate, Tool};

    pub trait Sealed: Sized {
        const METHOD: Method;
        const MEMBER: &'static str;
        /// The item, if it is a tool.
        fn as_tool(&self) -> Option<&Tool> {
            None
        }
    }

    impl Sealed for Tool {
        const METHOD: Method = Method::ToolsList;
        const MEMBER: &'static str = "tools";
        fn as_tool(&self) -> Option<&Tool> {
            Some(self)
        }
    }

    impl Sealed for Prompt {
        const METHOD: Method = Method::PromptsList;
        const MEMBER: &'static str = "prompts";
    }

    impl Sealed for Resource {
        const METHOD: Method = Method::ResourcesList;
        const MEMBER: &'static str = "resources";
    }

    impl Sealed for ResourceTemplate {
        const METHOD: Method = Method::ResourceTemplatesList;
        const MEMBER: &'static str = "resourceTemplates";
    }
}

impl Listed for Tool {}
impl Listed for Prompt {}
impl Listed for Resource {}
impl Listed for ResourceTemplate {}

/// One page, and where the next begins.
struct Page<T> {
    items: VecDeque<T>,
    next: Option<String>,
}

type Fetching<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;

/// A list that is fetched page by page as it is read: a stream of items.
#[must_use = "nothing is fetched before it is read"]
pub struct Pages<T> {
    link: Arc<Link>,
    patience: Option<Duration>,
    items: VecDeque<T>,
    fetching: Option<Fetching<T>>,
    /// Where pages began, so that a server that leads in circles is found out.
    seen: HashSet<String>,
}

impl<T: Listed> Pages<T> {
    pub(crate) fn new(link: &Arc<Link>, patience: Option<Duration>) -> Self {
        let first = Box::pin(fetch(Arc::clone(link), patience, None));
        let (items, seen) = (VecDeque::new(), HashSet::new());
        Self { link: Arc::clone(link), patience, items, fetching: Some(first), seen }
    }

    /// The next item; none at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All items that are left.
    ///
    /// # Errors
    /// A page could not be fetched.
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T: Listed> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(fetching) = &mut this.fetching else { return Poll::Ready(None) };
            let Poll::Ready(page) = fetching.as_mut().poll(cx) else { return Poll::Pending };
            this.fetching = None;
            let page = match page {
                Ok(page) => page,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            this.items = page.items;
            if let Some(cursor) = page.next {
                if !this.seen.insert(cursor.clone()) {
                    let problem = "its pages lead in a circle".to_owned();
                    return Poll::Ready(Some(Err(Error::Malformed { method: T::METHOD, problem })));
                }
                this.fetching = Some(Box::pin(fetch(Arc::clone(&this.link), this.patience, Some(cursor))));
            }
        }
    }
}

async fn fetch<T: Listed>(
    link: Arc<Link>,
    patience: Option<Duration>,
    cursor: Option<String>,
) -> Result<Page<T>, Error> {
    page(&link, patience, cursor.as_deref()).await
}

/// A page, from the cache if it is fresh there.
async fn page<T: Listed>(
    link: &Link,
    patience: Option<Duration>,
    cursor: Option<&str>,
) -> Result<Page<T>, Error> {
    // An empty cursor is a cursor.
    let what = cursor.map(|cursor| format!("={cursor}")).unwrap_or_default();
    if let Some(kept) = link.inbox.cache.get(&T::METHOD, &what) {
        return read(link, &kept);
    }
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    let draft = Draft::new(T::METHOD, &params)?;
    let watch = Watch { route: None, patience };
    let result = link.exchange(&draft, &Replies::default(), &watch).await?;
    let page = read(link, &result)?;
    link.inbox.cache.put(&T::METHOD, &what, &result);
    Ok(page)
}

/// Reads a page. An item that cannot be read is left out: it must not hide the others.
fn read<T: Listed>(link: &Link, result: &Bytes) -> Result<Page<T>, Error> {
    let text = std::str::from_utf8(result).unwrap_or_default();
    let mut members: indexmap::IndexMap<String, RawJson> =
        decode(text).map_err(|source| Error::Decode { method: T::METHOD, source })?;
    let next = members.swap_remove("nextCursor").and_then(|raw| raw.parse::<Option<String>>().ok().flatten());
    let items = members.swap_remove(T::MEMBER).and_then(|raw| raw.parse::<Vec<RawJson>>().ok());
    let Some(items) = items else {
        let problem = format!("`{}` is not an array", T::MEMBER);
        return Err(Error::Malformed { method: T::METHOD, problem });
    };
    let items = items.iter().filter_map(|item| match decode::<T>(item.get()) {
        Ok(item) => item.as_tool().is_none_or(|tool| admit(link, tool)).then_some(item),
        Err(error) => {
            tracing::warn!(method = %T::METHOD, %error, "an item that cannot be read is left out");
            None
        }
    });
    Ok(Page { items: items.collect(), next })
}

/// Whether a tool may be offered; learns which of its arguments headers repeat.
fn admit(link: &Link, tool: &Tool) -> bool {
    link.current().is_none_or(|connection| !connection.mirrors() || link.mirrors.learn(tool))
}

/// Fetches the tools, to learn which of their arguments headers repeat.
pub(crate) async fn all_tools(link: &Link, patience: Option<Duration>) -> Result<usize, Error> {
    let (mut cursor, mut seen, mut count) = (None, HashSet::new(), 0);
    loop {
        let page = page::<Tool>(link, patience, cursor.as_deref()).await?;
        count += page.items.len();
        match page.next {
            Some(next) if seen.insert(next.clone()) => cursor = Some(next),
            _ => return Ok(count),
        }
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("read_ahead", &self.items.len()).finish_non_exhaustive()
    }
}
