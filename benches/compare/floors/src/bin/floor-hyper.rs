//! The transport floor: hyper reads the body and sends a fixed one.

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use clap::Parser;
use floors::{CANNED, Options};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

#[tokio::main]
async fn main() -> Result<()> {
    let listener = tokio::net::TcpListener::bind(Options::parse().address()).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A broken connection is the client's affair; the next one is served all the same.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // An unreadable body ends the connection below us.
    drop(request.into_body().collect().await);
    let mut response = Response::new(Full::new(Bytes::from_static(CANNED)));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
