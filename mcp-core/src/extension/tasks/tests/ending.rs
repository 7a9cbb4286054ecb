use async_trait::async_trait;

use super::*;

#[tokio::test(start_paused = true)]
async fn tasks_are_gone_after_their_time() {
    let server = server_with(Tasks::new().ttl(2 * MINUTE));
    let done = start(&server, "slow").await;
    let stuck = start(&server, "stuck").await;
    until(&server, &done, "completed").await;
    tokio::time::sleep(MINUTE + Duration::from_secs(1)).await;
    for id in [done, stuck] {
        assert_eq!(get(&server, &id).await.unwrap_err(), get(&server, "x").await.unwrap_err());
    }
    assert_eq!(server.calls_in_flight(), 0, "what still ran was dropped");
}

#[tokio::test(start_paused = true)]
async fn tasks_may_be_kept_for_ever() {
    let server = server_with(Tasks::new().ttl(None).poll_interval(Duration::from_millis(20)));
    let id = start(&server, "slow").await;
    tokio::time::sleep(MINUTE * 60 * 24 * 365).await;
    let done = get(&server, &id).await.unwrap();
    assert_eq!((&done["status"], &done["pollIntervalMs"]), (&json!("completed"), &json!(20)));
    assert!(done["ttlMs"].is_null() && done.get("ttlMs").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_shut_down_ends_tasks() {
    let server = server_with(Tasks::new());
    let id = start(&server, "stuck").await;
    server.shut_down();
    let failed = until(&server, &id, "failed").await;
    assert_eq!(failed["error"]["code"], -31004);
    assert_eq!(server.calls_in_flight(), 0);
}

/// Tells when it is dropped.
#[derive(Clone)]
struct Signal(tokio_util::sync::CancellationToken);

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_ends_its_tasks() {
    let dropped = tokio_util::sync::CancellationToken::new();
    let signal = Signal(dropped.clone());
    let wait = async |crate::server::State(Signal(token)): crate::server::State<Signal>,
                      _context: Context| {
        let _guard = token.drop_guard();
        std::future::pending::<String>().await
    };
    let tasks = Tasks::new();
    let gone = Arc::downgrade(&tasks.running);
    let server = Server::builder("t", "0")
        .state(signal)
        .tool(tool("wait", wait).task(TaskSupport::Optional))
        .extension(tasks)
        .build()
        .unwrap();
    let client = crate::transport::memory::connect(server.clone());
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": declared(json!({ "name": "wait" })) });
    client.tx.send(call.to_string().into()).await.unwrap();
    tokio::time::sleep(MINUTE).await;
    assert_eq!(server.calls_in_flight(), 1);
    drop(server);
    tokio::time::sleep(MINUTE).await;
    assert!(!dropped.is_cancelled(), "the connection still holds the server");
    drop(client);
    tokio::time::sleep(MINUTE).await;
    assert!(dropped.is_cancelled());
    assert_eq!(gone.strong_count(), 0, "nothing keeps the server");
}

/// A store that breaks.
struct Broken {
    creates: bool,
    kept: MemoryStore,
}

#[async_trait]
impl TaskStore for Broken {
    async fn create(&self, task: &Task, limits: Limits) -> Result<(), StoreError> {
        if self.creates {
            return self.kept.create(task, limits).await;
        }
        Err(StoreError::Failed("disk on fire".into()))
    }

    async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Task>, StoreError> {
        self.kept.get(owner, id).await
    }

    async fn finish(&self, _: &Task) -> Result<(), StoreError> {
        Err(StoreError::Failed("disk on fire".into()))
    }

    async fn remove(&self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        self.kept.remove(owner, id).await
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        self.kept.remove_expired(now).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_stored_is_none() {
    let server = server_with(Tasks::with_store(Broken { creates: false, kept: MemoryStore::new() }));
    let error = ask(&server, "tools/call", json!({ "name": "slow" })).await.unwrap_err();
    assert_eq!((error.code.0, &*error.message), (-32603, "the tasks cannot be reached"));
    assert_eq!(server.calls_in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_stored_is_known_until_it_expires() {
    let server =
        server_with(Tasks::with_store(Broken { creates: true, kept: MemoryStore::new() }).ttl(5 * MINUTE));
    let id = start(&server, "slow").await;
    let done = until(&server, &id, "completed").await;
    tokio::time::sleep(MINUTE).await;
    assert_eq!(get(&server, &id).await.unwrap(), done);
    tokio::time::sleep(5 * MINUTE).await;
    assert_eq!(get(&server, &id).await.unwrap_err().code.0, -32602);
}
