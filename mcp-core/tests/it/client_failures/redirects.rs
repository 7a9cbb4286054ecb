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
