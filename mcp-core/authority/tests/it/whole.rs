//! All of it: a client of mcp-core gets a token here, and a server of mcp-core knows the caller by it.

use mcp_authority::{Authority, Person};
use mcp_core::auth::client::{OAuth, consent};
use mcp_core::auth::server::{Keys, ResourceServer, Verifier};
use mcp_core::client::Client;
use mcp_core::server::tool;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Context, Server};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use super::clients::{agree, bind};

#[tokio::test]
async fn the_tool_knows_who_agreed() {
    for bound in [false, true] {
        let (mine, theirs) = (bind().await, Listener::bind("127.0.0.1:0").await.unwrap());
        let issuer = format!("http://{}", mine.local_addr().unwrap());
        let resource = format!("http://{}/mcp", theirs.local_addr().unwrap());
        let authority = Authority::builder(&issuer)
            .resource(&resource)
            .scope("notes:read", "Read your notes")
            .development(Person::new("acme", "ada").role("admin").plan("pro"))
            .registration(true)
            .build()
            .await
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(mcp_authority::serve(authority, mine, async { _ = stopped.await }));

        let whoami = tool("whoami", async |context: Context| {
            serde_json::to_string(context.principal().unwrap()).unwrap()
        });
        let server = Server::builder("notes", "1.0.0").tool(whoami).build().unwrap();
        let tokens = Verifier::builder(&resource).issuer(&issuer, Keys::of_issuer(&issuer)).build();
        let guard = ResourceServer::new(&resource).unwrap().authorization_server(&issuer);
        let http = Http::new(server).authenticate(guard.require_scope("notes:read").accept(tokens));
        let (end, ended) = oneshot::channel::<()>();
        tokio::spawn(theirs.serve(http, async { _ = ended.await }));

        let url = Url::parse(&resource).unwrap();
        let redirect = Url::parse("http://localhost:3000/callback").unwrap();
        let ask = consent::with(redirect, |url| async move { Ok(agree(&url).await) });
        let mut oauth = OAuth::builder(url.clone()).client_name("whole").consent(ask);
        if bound {
            oauth = oauth.dpop();
        }
        let client =
            Client::builder("whole", "1").authorize(oauth.build().unwrap()).connect(url).await.unwrap();
        let answer: Value = client.call("whoami", json!({})).await.unwrap();
        let principal = answer.as_str().map_or(answer.clone(), |text| serde_json::from_str(text).unwrap());
        let expect = json!({
            "issuer": issuer, "org": "acme", "user": "ada", "role": "admin", "plan": "pro", "scopes": ["notes:read"],
        });
        assert_eq!(principal, expect, "bound: {bound}");
        client.close().await;
        drop((stop, end));
    }
}
