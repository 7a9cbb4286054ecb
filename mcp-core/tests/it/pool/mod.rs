//! Many upstreams under one roof. Every test has two: what happens to one must not touch the other.

mod failing;
mod limits;
mod reload;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::client::{ClientPool, Upstream, UpstreamHealth, UpstreamState};
use mcp_core::server::tool;
use mcp_core::service::{Request, SharedService};
use mcp_core::testing::service_fn;
use mcp_core::{Server, State};
use tokio::sync::{Semaphore, mpsc};

/// A server whose tool `name` says `name`, and whose tool `wait` says that it started and waits for leave.
struct Waiting {
    server: Server,
    started: mpsc::UnboundedReceiver<()>,
    leave: Arc<Semaphore>,
}

type Signals = (mpsc::UnboundedSender<()>, Arc<Semaphore>);

async fn wait(State((started, leave)): State<Signals>) -> &'static str {
    started.send(()).unwrap();
    leave.acquire().await.unwrap().forget();
    "waited"
}

fn named(name: &'static str) -> Waiting {
    let (say, started) = mpsc::unbounded_channel();
    let leave = Arc::new(Semaphore::new(0));
    let server = Server::builder(name, "1.0.0")
        .state((say, Arc::clone(&leave)))
        .tool(tool("name", move || async move { name }))
        .tool(tool("wait", wait))
        .build()
        .unwrap();
    Waiting { server, started, leave }
}

/// The server, and how often it was asked what it can do: once for each connection.
fn counted(server: Server) -> (mcp_core::client::Target, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let (count, service) = (Arc::clone(&connections), SharedService::new(server));
    let service = service_fn(move |request: Request| {
        if request.method.as_str() == "server/discover" {
            count.fetch_add(1, Ordering::Relaxed);
        }
        service.handle(request)
    });
    (mcp_core::client::Target::service(service), connections)
}

fn up(server: &Server) -> Upstream {
    Upstream::new(server.clone()).unwrap()
}

fn state(pool: &ClientPool, name: &str) -> UpstreamState {
    pool.states().into_iter().find(|state| state.name == name).unwrap()
}

async fn says(pool: &ClientPool, name: &str) -> String {
    pool.get(name).unwrap().call("name", ()).await.unwrap()
}

#[tokio::test]
async fn each_name_leads_to_its_server_and_connects_when_asked() {
    let (one, two) = (named("one"), named("two"));
    let (target, connections) = counted(one.server);
    let pool = ClientPool::builder()
        .upstream("a", Upstream::new(target).unwrap())
        .upstream("b", up(&two.server))
        .build()
        .unwrap();
    assert_eq!(state(&pool, "a").health, UpstreamHealth::Idle);
    assert_eq!(connections.load(Ordering::Relaxed), 0, "nothing is connected before it is used");
    let (first, second) = tokio::join!(says(&pool, "a"), says(&pool, "a"));
    assert_eq!((&*first, &*second), ("one", "one"));
    assert_eq!(connections.load(Ordering::Relaxed), 1, "both calls share one connection");
    assert_eq!(state(&pool, "a").health, UpstreamHealth::Ready);
    assert_eq!(state(&pool, "b").health, UpstreamHealth::Idle);
    assert_eq!(says(&pool, "b").await, "two");

    let b = pool.get("b").unwrap();
    assert_eq!(b.tools().await.unwrap().len(), 2);
    assert_eq!(b.server().await.unwrap().info.as_ref().unwrap().name, "two");
    let refused = b.call::<String>("nothing", ()).await.unwrap_err();
    assert!(matches!(refused.as_client().unwrap().code(), Some(code) if code.0 == -32602), "{refused}");
    assert_eq!(state(&pool, "b").health, UpstreamHealth::Ready, "a refusal is a sign of health");
    let unknown = pool.get("c").unwrap_err().to_string();
    assert_eq!(unknown, "there is no upstream `c`");
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_lets_calls_end_and_takes_no_more() {
    let (mut one, two) = (named("one"), named("two"));
    let pool =
        ClientPool::builder().upstream("a", up(&one.server)).upstream("b", up(&two.server)).build().unwrap();
    let (a, b) = (pool.get("a").unwrap(), pool.get("b").unwrap());
    assert_eq!(says(&pool, "b").await, "two");
    let running = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("wait", ()).await }
    });
    one.started.recv().await.unwrap();
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    while pool.get("a").is_ok() {
        tokio::task::yield_now().await;
    }
    one.leave.add_permits(1);
    assert_eq!(running.await.unwrap().unwrap(), "waited");
    closing.await.unwrap();
    for client in [a, b] {
        assert_eq!(client.call::<String>("name", ()).await.unwrap_err().to_string(), "the pool is closed");
    }
    assert!(pool.set("c", up(&two.server)).is_err());
    assert!(pool.states().is_empty());
    pool.close().await;
}

#[tokio::test(start_paused = true)]
async fn grace_has_an_end() {
    let (mut one, two) = (named("one"), named("two"));
    let pool =
        ClientPool::builder().upstream("a", up(&one.server)).upstream("b", up(&two.server)).build().unwrap();
    let a = pool.get("a").unwrap();
    let running = tokio::spawn(async move { a.call::<String>("wait", ()).await });
    one.started.recv().await.unwrap();
    let before = tokio::time::Instant::now();
    pool.close().await;
    assert_eq!(before.elapsed().as_secs(), 5);
    let error = running.await.unwrap().unwrap_err().to_string();
    assert_eq!(error, "upstream `a`: the connection ended: the client closed it");
}
