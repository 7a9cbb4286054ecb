//! Questions of a server, answered by handlers.

use mcp_core::client::Error;
use mcp_core::protocol::{Capability, ElicitAction, ElicitResult, ProtocolVersion};
use serde_json::{Value, json};

use super::{Place, Way, builder, ways, within};

fn form(content: Value) -> ElicitResult {
    ElicitResult::accept(content.as_object().cloned().unwrap())
}

/// Whether the revision knows forms.
fn knows_forms(version: Option<ProtocolVersion>, way: Way) -> bool {
    version.is_none_or(|version| version >= ProtocolVersion::V2025_06_18)
        && !(matches!(way, Way::OldSse) && version.is_some())
}

#[tokio::test]
async fn forms_are_filled_in_by_the_handler() {
    for (way, version) in ways().into_iter().filter(|(way, version)| knows_forms(*version, *way)) {
        let place = Place::new(way).await;
        let builder = builder().on_form(async |question| {
            assert_eq!(question.message, "Who are you?");
            Ok(form(json!({ "name": "Ada" })))
        });
        let client = place.connect(version, builder).await;
        let greeting: String = within(client.call("greet", ()).into_future()).await.unwrap();
        assert_eq!(greeting, "Hello, Ada.", "{way:?} {version:?}");
    }
}

#[tokio::test]
async fn a_person_may_say_no() {
    for (way, version) in ways().into_iter().filter(|(way, version)| knows_forms(*version, *way)) {
        let place = Place::new(way).await;
        let builder = builder().on_form(async |_| Ok(ElicitResult::bare(ElicitAction::Decline)));
        let client = place.connect(version, builder).await;
        let greeting: String = within(client.call("greet", ()).into_future()).await.unwrap();
        assert_eq!(greeting, "Hello, stranger.", "{way:?} {version:?}");
    }
}

#[tokio::test]
async fn without_a_handler_nothing_is_promised_and_nothing_asked() {
    for (way, version) in ways() {
        let place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let refused = within(client.call::<String>("greet", ()).into_future()).await.unwrap_err();
        match client.server().await.unwrap().version.is_modern() {
            true => assert_eq!(refused.code().map(|code| code.0), Some(-32021), "{way:?} {refused}"),
            false => assert!(matches!(refused, Error::Tool(_)), "{way:?} {version:?} {refused}"),
        }
    }
}

#[tokio::test]
async fn a_handler_that_fails_ends_the_call_and_nothing_else() {
    for way in [Way::Memory, Way::Http] {
        let place = Place::new(way).await;
        let builder = builder().on_form(async |_| Ok(form(json!({ "name": 5 }))));
        let client = place.connect(None, builder).await;
        let failed = within(client.call::<String>("greet", ()).into_future()).await.unwrap_err();
        assert!(matches!(failed, Error::Handler(_)), "{way:?} {failed}");
        let echoed: String = within(client.call("echo", json!({ "text": "x" })).into_future()).await.unwrap();
        assert_eq!(echoed, "x", "{way:?}");
    }
}

#[tokio::test]
async fn what_is_offered_follows_from_the_handlers() {
    use mcp_core::server::{Context, tool};
    let can = async |context: Context| {
        [Capability::ElicitationForm, Capability::ElicitationUrl, Capability::Sampling, Capability::Roots]
            .map(|capability| context.can(&capability))
            .map(|can| if can { "y" } else { "n" })
            .concat()
    };
    let server = mcp_core::Server::builder("s", "1").tool(tool("can", can)).build().unwrap();
    for version in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
        let check = async |builder: mcp_core::client::ClientBuilder, expect: &str| {
            let client = builder.version(version).connect(server.clone()).await.unwrap();
            let offered: String = client.call("can", ()).await.unwrap();
            assert_eq!(offered, expect, "{version}");
        };
        check(builder(), "nnnn").await;
        check(builder().on_form(async |_| Ok(ElicitResult::bare(ElicitAction::Cancel))), "ynnn").await;
        check(builder().on_url(async |_| Ok(ElicitAction::Decline)), "nynn").await;
        check(builder().roots([]).on_sample(async |_| Err("no".into())), "nnyy").await;
    }
}
