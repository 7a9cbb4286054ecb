//! The listener: addresses that others can reach want TLS, and TLS works.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use mcp_authority::{Event, serve};
use mcp_core::client::http::HttpClient;
use mcp_core::transport::http::{Listener, Pem, ServerTls};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::world::World;

fn identity() -> (String, ServerTls) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = ServerTls::builder(Pem::Text(certificate.clone()), Pem::Text(key)).build().unwrap();
    (certificate, tls)
}

#[tokio::test]
async fn addresses_that_others_can_reach_want_tls() {
    let world = World::start().await;
    let refused = async |listener: Listener| {
        // It ends at once where it serves.
        let served = serve(world.authority.clone(), listener, std::future::ready(())).await;
        served.err().map(|error| error.to_string())
    };
    let reachable = async || Listener::bind("0.0.0.0:0").await.unwrap();
    let text = refused(reachable().await).await.unwrap();
    assert!(text.contains("serve it with TLS") && text.contains("`allow_plain`"), "{text}");
    assert_eq!(refused(reachable().await.allow_plain()).await, None);
    assert_eq!(refused(reachable().await.tls(identity().1)).await, None);
    assert_eq!(refused(Listener::bind("127.0.0.1:0").await.unwrap()).await, None);
}

#[tokio::test]
async fn it_speaks_tls_and_knows_where_requests_come_from() {
    let world = World::start().await;
    let (certificate, tls) = identity();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = Listener::from(socket).tls(tls);
    let served = tokio::spawn(serve(world.authority.clone(), listener, async { _ = stopped.await }));

    let client = HttpClient::builder().root_certificate(certificate).build();
    let ask = async |request: Request<Bytes>| {
        let (head, body) = client.send(request).await.unwrap().into_parts();
        (head.status, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };
    let url = |path: &str| format!("https://localhost:{port}{path}");
    let (status, keys) = ask(Request::get(url("/jwks")).body(Bytes::new()).unwrap()).await;
    assert_eq!((status, keys), (StatusCode::OK, world.get("/jwks").await.body));
    // Wrong secrets are counted by address, so the address must be known.
    let form = "grant_type=client_credentials&client_id=robot&client_secret=wrong";
    let request = Request::post(url("/token")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(ask(request.body(Bytes::from(form)).unwrap()).await.0, StatusCode::UNAUTHORIZED);
    let expect = Event::ClientRefused { client: "robot".into(), address: Some("127.0.0.1".into()) };
    assert!(world.events.lock().contains(&expect), "{:?}", world.events.lock());
    // Without TLS there is nothing to be had.
    let plain = Request::get(format!("http://localhost:{port}/jwks")).body(Bytes::new()).unwrap();
    assert!(HttpClient::default().send(plain).await.is_err());

    drop(stop);
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}
