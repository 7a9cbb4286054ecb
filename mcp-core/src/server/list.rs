//! Lists: pages of components, written once and handed out as bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Server;
use super::catalog::{Catalog, ListKey, Listed, Table};
use crate::protocol::{CacheScope, RawJson, RpcError};
use crate::service::{Request, Response};

/// A page, serialised under the member that its kind has.
struct Page<'a> {
    member: &'static str,
    items: Vec<&'a RawJson>,
    next: Option<String>,
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.member, &self.items)?;
        if let Some(next) = &self.next {
            map.serialize_entry("nextCursor", next)?;
        }
        map.end()
    }
}

impl Server {
    /// Answers a list request from the snapshot it was routed with.
    pub(crate) fn list<T: Listed>(
        &self,
        catalog: &Catalog,
        table: &Table<T>,
        request: &Request,
    ) -> Result<Response, RpcError> {
        let start = match request.params.get("cursor") {
            None | Some("null") => 0,
            Some(_) => position(table, request.params.get_str("cursor").as_deref())?,
        };
        let visible = self.visible(table, request);
        let mut cache = self.cache_hint();
        if !visible.is_empty() {
            cache.scope = CacheScope::Private;
        }
        let key = ListKey { kind: T::KIND, start, visible };
        let seen = key.visible.clone();
        let (shared, bytes) = catalog
            .lists
            .get_or_make(key, || self.writer().complete(&self.page(table, start, &seen), None, Some(cache)));
        let mut response = Response::result(bytes);
        response.shared = Some(shared);
        Ok(response)
    }

    fn page<'a, T: Listed>(&self, table: &'a Table<T>, start: usize, visible: &[u64]) -> Page<'a> {
        let shown = |i: usize| {
            visible.is_empty() || visible.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 == 1)
        };
        let size = self.page_size().unwrap_or(usize::MAX);
        let mut rest = table.iter().enumerate().skip(start).filter(|(i, _)| shown(*i));
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let next = page.last().filter(|_| more).map(|(_, (name, _))| URL_SAFE_NO_PAD.encode(name.as_bytes()));
        Page { member: T::MEMBER, items: page.into_iter().map(|(_, (_, item))| item.raw()).collect(), next }
    }

    /// One bit for each component that the caller may see; nothing where all may see all.
    fn visible<T: Listed>(&self, table: &Table<T>, request: &Request) -> Box<[u64]> {
        let Some(visibility) = self.visibility() else { return Box::default() };
        let mut words = vec![0u64; table.len().div_ceil(64).max(1)];
        for (i, (name, item)) in table.iter().enumerate() {
            if visibility.allows(request, T::KIND, name, item.tags())
                && let Some(word) = words.get_mut(i / 64)
            {
                *word |= 1 << (i % 64);
            }
        }
        words.into()
    }
}

/// Where the page behind a cursor starts: after the component that the cursor names.
fn position<T>(table: &Table<T>, cursor: Option<&str>) -> Result<usize, RpcError> {
    let stale = || RpcError::invalid_params("`cursor` is not valid any more; list again from the start");
    let name = cursor.and_then(|cursor| URL_SAFE_NO_PAD.decode(cursor).ok()).ok_or_else(stale)?;
    let name = std::str::from_utf8(&name).map_err(|_| stale())?;
    Ok(table.get_index_of(name).ok_or_else(stale)? + 1)
}
