//! Sessions that are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::client::{Client, Error};

use super::http_script::Script;
use super::{response, said};

/// A server that knows the sessions from `first_known` on, and counts the calls that it carries out.
async fn forgetful(first_known: usize) -> (Script, Arc<AtomicUsize>) {
    let effects = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&effects);
    let script = Script::legacy(move |asked, out| {
        let number: usize = asked.headers["mcp-session-id"].trim_start_matches("s-").parse().unwrap();
        let counter = Arc::clone(&counter);
        Box::pin(async move {
            if number < first_known {
                return out.whole(404, "", "").await;
            }
            counter.fetch_add(1, Ordering::SeqCst);
            out.json(&response(&asked.body, &said("well"))).await
        })
    })
    .await;
    (script, effects)
}

#[tokio::test]
async fn a_session_that_is_gone_is_replaced_and_the_call_sent_once_more() {
    let (script, effects) = forgetful(1).await;
    let client = Client::connect(script.url()).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    assert_eq!(effects.load(Ordering::SeqCst), 1);
    assert_eq!((script.count("initialize"), script.count("tools/call")), (2, 2));
    // The new session stays.
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    assert_eq!((script.count("initialize"), effects.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn a_server_that_forgets_every_session_is_not_asked_for_ever() {
    let (script, effects) = forgetful(usize::MAX).await;
    let client = Client::connect(script.url()).await.unwrap();
    let error = client.call::<String>("t", ()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { sent: false, .. }), "{error:?}");
    assert!(error.to_string().contains("the session has ended"), "{error}");
    assert_eq!((script.count("tools/call"), effects.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn callers_share_the_new_session() {
    let (script, effects) = forgetful(1).await;
    let client = Client::connect(script.url()).await.unwrap();
    let calls: Vec<_> = (0..8).map(|_| tokio::spawn(client.call::<String>("t", ()).into_future())).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "well");
    }
    assert_eq!(effects.load(Ordering::SeqCst), 8);
    assert_eq!(script.count("initialize"), 2);
}
