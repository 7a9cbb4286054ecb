use super::*;

const LIMITS: Limits = Limits { total: 4, per_owner: 2 };

fn owner(user: &str) -> Owner {
    Owner::of(Some(&Principal::new("org", user)))
}

fn task(id: &str, owner: Owner, created: u64, ttl_ms: Option<u64>) -> Task {
    let created = Timestamp::from_millis(created);
    let state = TaskState::Working;
    Task {
        id: id.into(),
        owner,
        created,
        updated: created,
        ttl_ms,
        poll_interval_ms: 9,
        message: None,
        state,
    }
}

/// What every store does.
async fn check(store: &dyn TaskStore) {
    let (ada, bob) = (owner("ada"), owner("bob"));
    let mut mine = task("a", ada.clone(), 100, Some(50));
    store.create(&mine, LIMITS).await.unwrap();
    store.create(&task("b", bob.clone(), 100, None), LIMITS).await.unwrap();
    assert_eq!(store.get(&ada, "a").await.unwrap().as_ref(), Some(&mine));
    for stranger in [&bob, &Owner::Anonymous] {
        assert_eq!(store.get(stranger, "a").await.unwrap(), None);
        store.remove(stranger, "a").await.unwrap();
    }
    assert_eq!(store.get(&ada, "b").await.unwrap(), None);

    // Ends of every kind come back as they were, bytes included.
    let raw = RawJson::from_string(r#"{"content":[ ],"structuredContent":1.0}"#.into()).unwrap();
    let error = RpcError::invalid_params("é\n").with_data(json!([1]));
    for state in [TaskState::Completed(raw), TaskState::Failed(error), TaskState::Cancelled] {
        mine.state = state;
        mine.message = Some("over".into());
        mine.updated = Timestamp::from_millis(120);
        store.finish(&mine).await.unwrap();
        assert_eq!(store.get(&ada, "a").await.unwrap().as_ref(), Some(&mine));
    }
    // Nobody ends what is not theirs.
    let theirs = Task { owner: bob.clone(), ..mine.clone() };
    store.finish(&theirs).await.unwrap();
    assert_eq!(store.get(&ada, "a").await.unwrap().as_ref(), Some(&mine));
    assert_eq!(store.get(&bob, "a").await.unwrap(), None);

    let refused = async |id: &str, owner: Owner, now| store.create(&task(id, owner, now, None), LIMITS).await;
    store.create(&task("c", ada.clone(), 149, Some(1000)), LIMITS).await.unwrap();
    assert!(matches!(refused("d", ada.clone(), 149).await, Err(StoreError::OwnerFull)));
    store.create(&task("e", Owner::Anonymous, 149, None), LIMITS).await.unwrap();
    assert!(matches!(refused("f", bob.clone(), 149).await, Err(StoreError::Full)));
    // `a` expires at 150: it makes room.
    store.create(&task("g", ada.clone(), 150, None), LIMITS).await.unwrap();
    assert_eq!(store.get(&ada, "a").await.unwrap(), None);
    store.finish(&mine).await.unwrap();
    assert_eq!(store.get(&ada, "a").await.unwrap(), None, "what is gone stays gone");

    store.remove_expired(Timestamp::from_millis(1148)).await.unwrap();
    assert!(store.get(&ada, "c").await.unwrap().is_some());
    store.remove_expired(Timestamp::from_millis(1149)).await.unwrap();
    assert!(store.get(&ada, "c").await.unwrap().is_none());
    store.remove(&bob, "b").await.unwrap();
    assert_eq!(store.get(&bob, "b").await.unwrap(), None);
    assert!(store.get(&ada, "g").await.unwrap().is_some());
    assert!(store.get(&Owner::Anonymous, "e").await.unwrap().is_some());
    // Owners whose parts run together are still two.
    let (left, right) =
        (Owner::of(Some(&Principal::new("x\",\"y", "z"))), Owner::of(Some(&Principal::new("x", "y\",\"z"))));
    store.create(&task("l", left.clone(), 2000, None), LIMITS).await.unwrap();
    assert_eq!(store.get(&right, "l").await.unwrap(), None);
    assert!(store.get(&left, "l").await.unwrap().is_some());
}

#[tokio::test]
async fn memory_keeps_tasks() {
    check(&MemoryStore::new()).await;
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;

    #[tokio::test]
    async fn sqlite_keeps_tasks() {
        let dir = tempfile::tempdir().unwrap();
        check(&SqliteStore::open(dir.path().join("tasks.db")).unwrap()).await;
    }

    #[tokio::test]
    async fn a_file_has_one_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tasks.db");
        let store = SqliteStore::open(&path).unwrap();
        assert!(matches!(SqliteStore::open(&path), Err(OpenError::InUse { .. })));
        drop(store);
        drop(SqliteStore::open(&path).unwrap());
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", 7).unwrap();
        drop(raw);
        assert!(matches!(SqliteStore::open(&path), Err(OpenError::Format { found: 7, supported: 1, .. })));
        std::fs::write(dir.path().join("no.db"), "this is not a database, whatever its name says").unwrap();
        assert!(matches!(SqliteStore::open(dir.path().join("no.db")), Err(OpenError::Failed { .. })));
    }

    /// A runtime that is dropped with all that runs on it, as when the process is killed.
    fn run<T>(work: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(work)
    }

    #[test]
    fn tasks_survive_their_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tasks.db");
        let open = || server_with(Tasks::with_store(SqliteStore::open(&path).unwrap()));
        let (done, lost, parked, result) = run(async {
            let server = open();
            let done = start_as(Some("ada"), &server, "fail").await;
            let lost = start_as(Some("ada"), &server, "stuck").await;
            let parked = start_as(Some("bob"), &server, "greet").await;
            tokio::time::sleep(MINUTE).await;
            let result = status(&server, "ada", &done).await;
            assert_eq!(result["status"], "completed");
            assert_eq!(status(&server, "ada", &lost).await["status"], "working");
            assert_eq!(status(&server, "bob", &parked).await["status"], "input_required");
            (done, lost, parked, result)
        });
        run(async {
            let server = open();
            assert_eq!(status(&server, "ada", &done).await, result);
            for (who, other, id) in [("ada", "bob", &lost), ("bob", "ada", &parked)] {
                let params = json!({ "taskId": id, "inputResponses": { "who": accept("Eve") } });
                for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
                    let error = ask_as(Some(other), &server, method, params.clone()).await.unwrap_err();
                    assert_eq!(error.code.0, -32602);
                }
                // Too late for answers and for cancelling, which is no error.
                assert_ack(&ask_as(Some(who), &server, "tasks/update", params.clone()).await.unwrap());
                assert_ack(&ask_as(Some(who), &server, "tasks/cancel", params).await.unwrap());
                let failed = status(&server, who, id).await;
                assert_eq!(failed["status"], "failed");
                assert_eq!(failed["statusMessage"], "the server stopped before the task was done");
                assert_eq!(failed["error"]["code"], -32603);
                assert_eq!(status(&server, who, id).await, failed);
            }
            // The new process has tasks of its own beside the old ones.
            let fresh = start_as(Some("ada"), &server, "fail").await;
            tokio::time::sleep(MINUTE).await;
            assert_eq!(status(&server, "ada", &fresh).await["status"], "completed");
        });
    }

    #[test]
    fn tasks_expire_while_nobody_runs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tasks.db");
        let store = || SqliteStore::open(&path).unwrap();
        let id = run(async {
            let server = server_with(Tasks::with_store(store()).ttl(Duration::from_millis(1)));
            start_as(Some("ada"), &server, "stuck").await
        });
        run(async {
            tokio::time::sleep(MINUTE).await;
            let tasks = Tasks::with_store(store());
            tokio::time::sleep(MINUTE).await;
            let server = server_with(tasks);
            let error = ask_as(Some("ada"), &server, "tasks/get", json!({ "taskId": id })).await.unwrap_err();
            assert_eq!(&*error.message, "there is no such task");
        });
    }

    async fn status(server: &Server, who: &str, id: &str) -> Value {
        ask_as(Some(who), server, "tasks/get", json!({ "taskId": id })).await.unwrap()
    }
}
