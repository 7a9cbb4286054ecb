//! Nothing that must be hidden is seen.

use std::error::Error;

use mcp_core::auth::client::{Enterprise, OAuth, Registered, Secret};
use serde_json::json;

use super::host::{json as ok, status};
use super::world::{World, redirect};

/// All that a log could show of an error.
fn shown(error: &dyn Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[tokio::test]
async fn clients_do_not_show_their_secrets() {
    let world = World::start().await;
    world.provider.change(json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }));
    let builder = world.client().registered(Registered::with_secret("me", "hunter2"));
    assert!(!format!("{builder:?}").contains("hunter2"));
    let oauth = builder.build().unwrap();
    world.call(&oauth).await.unwrap();
    let text = format!("{oauth:?}");
    for secret in ["hunter2", "as-access", "as-refresh", "the-code"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("mcp"), "{text}");
    let id = Secret::new("hunter2");
    let enterprise =
        Enterprise::at_issuer("https://idp.example", Registered::with_secret("me", "hunter2"), id);
    let workload = OAuth::builder(world.server.clone()).workload(Secret::new("hunter2"));
    assert!(!format!("{enterprise:?} {workload:?}").contains("hunter2"));
}

#[tokio::test]
async fn errors_do_not_show_secrets() {
    let fails = async |change: &dyn Fn(&World)| {
        let world = World::start().await;
        world.provider.change(json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }));
        change(&world);
        let oauth = world.client().registered(Registered::with_secret("me", "hunter2")).build().unwrap();
        let error = world.call(&oauth).await.unwrap_err();
        let text = shown(&*error);
        for secret in ["hunter2", "the-code", "as-access", "as-refresh", "secret-token"] {
            assert!(!text.contains(secret), "{text}");
        }
        text
    };
    fails(&|world| world.provider.refuse(400, "invalid_grant")).await;
    fails(&|world| world.provider.on("/token", |_| status(500))).await;
    fails(&|world| {
        world.provider.on("/token", |_| ok(&json!({ "access_token": "secret-token", "token_type": "mac" })));
    })
    .await;
    fails(&|world| world.provider.on("/token", |_| ok(&json!({ "access_token": "secret-token\u{1}" }))))
        .await;
    fails(&|world| world.provider.on("/token", |_| ok(&json!({ "token_type": ["secret-token"] })))).await;
    fails(&|world| world.provider.on("/authorize", |seen| redirect(seen, &[("code", "the-code")]))).await;
    let text = fails(&|world| {
        world.provider.on("/token", |_| {
            ok(&json!({ "error": "x\ny", "error_description": "z".repeat(5000) })).status(400)
        });
    });
    let text = text.await;
    assert!(text.len() < 2000 && !text.contains('\n'), "{text}");
}
