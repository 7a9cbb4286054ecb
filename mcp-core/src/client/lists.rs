//! Results that may be kept for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::time::Instant;

use crate::protocol::{Method, Params};

/// Results kept at most, over all servers.
const LIMIT: usize = 1024;
/// Bytes that a result may have to be kept.
const LARGEST: usize = 4 * 1024 * 1024;
/// How long anything is kept at most, whatever its server says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Keeps results as long as their servers allow (`ttlMs`). Clients that share a cache share what is
/// `public`; what is `private` stays with the client that asked.
#[derive(Clone, Default)]
pub struct ResultCache(Arc<Mutex<HashMap<Key, Kept>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    server: Arc<str>,
    /// The client whose result it is; 0 for everybody's.
    owner: u64,
    method: Method,
    /// The cursor or URI that was asked for.
    what: String,
}

struct Kept {
    until: Instant,
    result: Bytes,
}

impl fmt::Debug for ResultCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultCache").field("results", &self.0.lock().len()).finish()
    }
}

/// One client's view of a cache.
pub(crate) struct Cache {
    all: ResultCache,
    server: Arc<str>,
    owner: u64,
}

/// How long a result may be kept, and by whom. What cannot be read keeps nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hint<'a> {
    #[serde(default)]
    ttl_ms: Option<serde_json::Number>,
    #[serde(default, borrow)]
    cache_scope: Option<std::borrow::Cow<'a, str>>,
}

impl Cache {
    /// What a new client sees of `all` that concerns `server`.
    pub(crate) fn new(all: ResultCache, server: &str) -> Self {
        static OWNERS: AtomicU64 = AtomicU64::new(1);
        Self { all, server: server.into(), owner: OWNERS.fetch_add(1, Ordering::Relaxed) }
    }

    fn key(&self, owner: u64, method: &Method, what: &str) -> Key {
        Key { server: Arc::clone(&self.server), owner, method: method.clone(), what: what.to_owned() }
    }

    /// A result that is fresh.
    pub(crate) fn get(&self, method: &Method, what: &str) -> Option<Bytes> {
        let kept = self.all.0.lock();
        let now = Instant::now();
        [self.owner, 0].into_iter().find_map(|owner| {
            let found = kept.get(&self.key(owner, method, what))?;
            (found.until > now).then(|| found.result.clone())
        })
    }

    /// Keeps a result, if it may be kept.
    pub(crate) fn put(&self, method: &Method, what: &str, result: &Bytes) {
        let Ok(hint) = serde_json::from_slice::<Hint<'_>>(result) else { return };
        let millis = hint.ttl_ms.and_then(|ttl| ttl.as_u64()).unwrap_or_default();
        if millis == 0 || result.len() > LARGEST {
            return;
        }
        let now = Instant::now();
        let until = now + Duration::from_millis(millis).min(LONGEST);
        let owner = if hint.cache_scope.as_deref() == Some("public") { 0 } else { self.owner };
        let mut kept = self.all.0.lock();
        if kept.len() >= LIMIT {
            kept.retain(|_, kept| kept.until > now);
        }
        if kept.len() >= LIMIT
            && let Some(first) = kept.iter().min_by_key(|(_, kept)| kept.until).map(|(key, _)| key.clone())
        {
            kept.remove(&first);
        }
        kept.insert(self.key(owner, method, what), Kept { until, result: result.clone() });
    }

    /// Forgets what a notification says has changed.
    pub(crate) fn changed(&self, method: &Method, params: &Params) {
        let stale: &[Method] = match method.as_str() {
            "notifications/tools/list_changed" => &[Method::ToolsList],
            "notifications/prompts/list_changed" => &[Method::PromptsList],
            "notifications/resources/list_changed" => &[Method::ResourcesList, Method::ResourceTemplatesList],
            "notifications/resources/updated" => {
                let uri = params.get_str("uri").unwrap_or_default();
                self.forget(|key| key.method == Method::ResourcesRead && key.what == uri);
                return;
            }
            _ => return,
        };
        self.forget(|key| stale.contains(&key.method));
    }

    /// Forgets the pages of a list.
    pub(crate) fn forget_list(&self, method: &Method) {
        self.forget(|key| key.method == *method);
    }

    fn forget(&self, stale: impl Fn(&Key) -> bool) {
        let ours = |key: &Key| key.server == self.server && (key.owner == self.owner || key.owner == 0);
        self.all.0.lock().retain(|key, _| !(ours(key) && stale(key)));
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // Nobody else may see it.
        self.all.0.lock().retain(|key, _| key.owner != self.owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(ttl: &str, scope: &str) -> Bytes {
        format!(r#"{{"tools":[],"ttlMs":{ttl},"cacheScope":"{scope}"}}"#).into()
    }

    #[tokio::test(start_paused = true)]
    async fn results_are_kept_as_long_as_allowed_and_shared_only_if_public() {
        let all = ResultCache::default();
        let (one, two) = (Cache::new(all.clone(), "s"), Cache::new(all.clone(), "s"));
        let other = Cache::new(all.clone(), "t");
        one.put(&Method::ToolsList, "", &result("1000", "public"));
        one.put(&Method::PromptsList, "", &result("1000", "private"));
        assert!(two.get(&Method::ToolsList, "").is_some());
        assert!(other.get(&Method::ToolsList, "").is_none(), "another server");
        assert!(one.get(&Method::PromptsList, "").is_some());
        assert!(two.get(&Method::PromptsList, "").is_none(), "another principal");
        assert!(one.get(&Method::ToolsList, "page 2").is_none());
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(two.get(&Method::ToolsList, "").is_none());
        one.put(&Method::PromptsList, "", &result("90000", "private"));
        drop(one);
        assert_eq!(all.0.lock().keys().filter(|key| key.owner != 0).count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_says_nothing_or_nonsense_is_not_kept() {
        let cache = Cache::new(ResultCache::default(), "s");
        for bad in ["0", "-5", "1.5", "null", "\"1000\""] {
            cache.put(&Method::ToolsList, "", &result(bad, "public"));
            assert!(cache.get(&Method::ToolsList, "").is_none(), "{bad}");
        }
        cache.put(&Method::ToolsList, "", &Bytes::from_static(br#"{"tools":[]}"#));
        assert!(cache.get(&Method::ToolsList, "").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn changes_make_stale_what_they_name() {
        let cache = Cache::new(ResultCache::default(), "s");
        let put = || {
            for method in [Method::ToolsList, Method::PromptsList, Method::ResourceTemplatesList] {
                cache.put(&method, "", &result("1000", "public"));
            }
            cache.put(&Method::ResourcesRead, "a:b", &result("1000", "private"));
        };
        let changed = |method: &str, params: &str| {
            put();
            let params = Params::from_json(&params.to_owned().into()).unwrap();
            cache.changed(&Method::parse(method), &params);
            [Method::ToolsList, Method::PromptsList, Method::ResourceTemplatesList]
                .map(|method| cache.get(&method, "").is_some())
        };
        assert_eq!(changed("notifications/tools/list_changed", "{}"), [false, true, true]);
        assert_eq!(changed("notifications/resources/list_changed", "{}"), [true, true, false]);
        assert_eq!(changed("notifications/resources/updated", r#"{"uri":"x"}"#), [true, true, true]);
        assert!(cache.get(&Method::ResourcesRead, "a:b").is_some());
        changed("notifications/resources/updated", r#"{"uri":"a:b"}"#);
        assert!(cache.get(&Method::ResourcesRead, "a:b").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cache_does_not_grow_without_bound() {
        let cache = Cache::new(ResultCache::default(), "s");
        for page in 0..LIMIT + 10 {
            cache.put(&Method::ToolsList, &page.to_string(), &result("1000", "public"));
        }
        assert_eq!(cache.all.0.lock().len(), LIMIT);
    }

    /// One step on caches that share their results.
    #[derive(Debug, Clone)]
    enum Step {
        Put { client: usize, method: usize, what: String, public: bool },
        Forget { client: usize, method: usize },
    }

    fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
        use proptest::prelude::*;
        // Few names, so that they meet; odd ones, so that joining them could mislead.
        let what = prop::sample::select(vec!["", "a", "a:b", "b", "0", "tools/list"]).prop_map(str::to_owned);
        let put = (0..4usize, 0..3usize, what, any::<bool>())
            .prop_map(|(client, method, what, public)| Step::Put { client, method, what, public });
        let forget = (0..4usize, 0..3usize).prop_map(|(client, method)| Step::Forget { client, method });
        prop::collection::vec(prop_oneof![4 => put, 1 => forget], 1..40)
    }

    proptest::proptest! {
        /// Whatever was kept before: a client finds what it or, where it is public, another client of the same
        /// server kept under the same method and name, and never anything else.
        #[test]
        fn nothing_is_found_under_another_key(steps in steps()) {
            const METHODS: [Method; 3] = [Method::ToolsList, Method::PromptsList, Method::ResourcesRead];
            // Clients 0 and 1 are of one server, 2 and 3 of another.
            let all = ResultCache::default();
            let clients = ["s", "s", "t", "t"].map(|server| Cache::new(all.clone(), server));
            let mut model: HashMap<(usize, Option<usize>, usize, String), usize> = HashMap::new();
            for (number, step) in steps.iter().enumerate() {
                match step {
                    Step::Put { client, method, what, public } => {
                        let scope = if *public { "public" } else { "private" };
                        let text = format!(r#"{{"n":{number},"ttlMs":60000,"cacheScope":"{scope}"}}"#);
                        clients[*client].put(&METHODS[*method], what, &text.into());
                        let owner = (!public).then_some(*client);
                        model.insert((client / 2, owner, *method, what.clone()), number);
                    }
                    Step::Forget { client, method } => {
                        clients[*client].forget_list(&METHODS[*method]);
                        model.retain(|(server, owner, of, _), _| {
                            *server != client / 2 || owner.is_some_and(|owner| owner != *client) || of != method
                        });
                    }
                }
                for (client, cache) in clients.iter().enumerate() {
                    for (at, method) in METHODS.iter().enumerate() {
                        for what in ["", "a", "a:b", "b", "0", "tools/list", "c"] {
                            let expect = [Some(client), None].into_iter().find_map(|owner| {
                                model.get(&(client / 2, owner, at, what.to_owned()))
                            });
                            let found = cache.get(method, what).map(|found| {
                                let found: serde_json::Value = serde_json::from_slice(&found).unwrap_or_default();
                                found["n"].as_u64().unwrap_or_default() as usize
                            });
                            proptest::prop_assert_eq!(found, expect.copied());
                        }
                    }
                }
            }
        }
    }
}
