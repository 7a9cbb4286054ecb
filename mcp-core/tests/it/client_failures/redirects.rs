//! Redirects: only those that keep the origin, and not for ever.

use std::sync::atomic::Ordering;

use mcp_core::client::Client;

use super::http_script::Script;

#[tokio::test]
async fn a_redirect_in_circles_is_given_up() {
    let script =
        Script::start(|_, out| Box::pin(async move { out.whole(307, "location: /mcp\r\n", "").await })).await;
    let error = Client::connect(script.url()).await.unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(script.asked.lock().len(), 6, "the first and five hops");
}

#[tokio::test]
async fn a_redirect_takes_headers_and_body_along() {
    let script = Script::modern(|asked, out| {
        Box::pin(async move {
            if asked.path == "/mcp" {
                return out.whole(307, "location: /moved\r\n", "").await;
            }
            out.json(&super::response(&asked.body, &super::said("well"))).await
        })
    })
    .await;
    let client =
        Client::builder("t", "1").bearer("secret-token").unwrap().connect(script.url()).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    let asked = script.asked.lock();
    let (first, second) = (&asked[asked.len() - 2], &asked[asked.len() - 1]);
    assert_eq!((&*first.path, &*second.path), ("/mcp", "/moved"));
    assert_eq!((&first.headers, &first.body), (&second.headers, &second.body));
    assert_eq!(second.headers["mcp-method"], "tools/call");
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let elsewhere = Script::start(|_, out| Box::pin(async move { out.whole(200, "", "").await })).await;
    let location = format!("location: http://{}/mcp?key=1\r\n", elsewhere.address);
    let script = Script::start(move |_, out| {
        let location = location.clone();
        Box::pin(async move { out.whole(308, &location, "").await })
    })
    .await;
    let builder = Client::builder("t", "1").bearer("secret-token").unwrap();
    let error = builder.connect(script.url()).await.unwrap_err().to_string();
    assert!(
        error.contains("another origin") && !error.contains("secret") && !error.contains("key=1"),
        "{error}"
    );
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
    assert_eq!(script.asked.lock()[0].headers["authorization"], "Bearer secret-token");
}

#[tokio::test]
async fn a_redirect_that_would_drop_the_message_is_not_followed() {
    let script =
        Script::start(|_, out| Box::pin(async move { out.whole(302, "location: /login\r\n", "").await }))
            .await;
    let error = Client::connect(script.url()).await.unwrap_err().to_string();
    assert!(error.contains("another one"), "{error}");
    assert_eq!(script.asked.lock().len(), 1);
}
