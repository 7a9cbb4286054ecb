use super::*;

#[tokio::test(start_paused = true)]
async fn a_task_of_somebody_else_does_not_exist() {
    let server = server_with(Tasks::new());
    for (tool, status) in [("greet", "input_required"), ("slow", "working")] {
        let id = start_as(Some("ada"), &server, tool).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        for who in [Some("bob"), None] {
            for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
                let params = |id: &str| json!({ "taskId": id, "inputResponses": { "who": accept("Eve") } });
                let refused = ask_as(who, &server, method, params(&id)).await.unwrap_err();
                let unknown = ask_as(who, &server, method, params("x")).await.unwrap_err();
                assert_eq!(refused, unknown, "{method} by {who:?}");
                assert_eq!(refused.code.0, -32602);
            }
        }
        let mine = ask_as(Some("ada"), &server, "tasks/get", json!({ "taskId": id })).await.unwrap();
        assert_eq!(mine["status"], status, "nothing happened to it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_task_stays_its_owners() {
    let server = server_with(Tasks::new());
    let id = start_as(Some("ada"), &server, "slow").await;
    tokio::time::sleep(2 * MINUTE).await;
    let get_as = |who| ask_as(who, &server, "tasks/get", json!({ "taskId": id }));
    assert_eq!(get_as(Some("ada")).await.unwrap()["status"], "completed");
    assert_eq!(get_as(Some("bob")).await.unwrap_err().code.0, -32602);
    assert_eq!(get_as(None).await.unwrap_err().code.0, -32602);
}

#[tokio::test(start_paused = true)]
async fn the_same_caller_may_come_with_other_credentials() {
    let server = server_with(Tasks::new());
    let id = start_as(Some("ada"), &server, "slow").await;
    let get_with = |principal: Principal| {
        let mut request = request("tasks/get", declared(json!({ "taskId": id })));
        request.peer.principal = Some(Arc::new(principal));
        handle(&server, request)
    };
    let mut other = Principal::new("org", "ada");
    other.scopes.insert("read".to_owned());
    other.role = Some("admin".to_owned());
    assert_eq!(get_with(other).await.unwrap()["status"], "working");
    assert_eq!(get_with(Principal::new("another", "ada")).await.unwrap_err().code.0, -32602);
    let mut forged = Principal::new("org", "ada");
    forged.issuer = "elsewhere".to_owned();
    assert_eq!(get_with(forged).await.unwrap_err().code.0, -32602);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_bounded_per_owner_and_in_all() {
    let server = server_with(Tasks::new().max_tasks(3).max_tasks_per_owner(2));
    let call = json!({ "name": "slow" });
    let first = start_as(Some("ada"), &server, "slow").await;
    start_as(Some("ada"), &server, "slow").await;
    let refused = ask_as(Some("ada"), &server, "tools/call", call.clone()).await.unwrap_err();
    assert_eq!(
        (refused.code.0, &*refused.message),
        (-31001, "the caller has as many tasks as the server allows")
    );
    start_as(Some("bob"), &server, "slow").await;
    let refused = ask_as(Some("cleo"), &server, "tools/call", call.clone()).await.unwrap_err();
    assert_eq!((refused.code.0, &*refused.message), (-31001, "the server keeps as many tasks as it allows"));
    assert_eq!(server.calls_in_flight(), 3, "a refused call is dropped");
    // Finished tasks count until they are gone.
    tokio::time::sleep(2 * MINUTE).await;
    assert!(ask_as(Some("ada"), &server, "tasks/get", json!({ "taskId": first })).await.is_ok());
    assert!(ask_as(Some("ada"), &server, "tools/call", call.clone()).await.is_err());
    tokio::time::sleep(60 * MINUTE).await;
    start_as(Some("ada"), &server, "slow").await;
}
