//! WebSocket: one message per text message.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use url::Url;

use super::duplex::{Duplex, Refused, Sink, Source};
use crate::client::open::Opener;
use crate::client::{Error, Inbox};

/// Anything that bytes go in and out of.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

type Socket = WebSocketStream<Box<dyn Io>>;

/// Connects and shakes hands.
pub(crate) async fn connect(opener: &Opener, url: &Url, inbox: Arc<Inbox>) -> Result<Duplex, Error> {
    let fail = |source: crate::service::BoxError| Error::Connect { address: opener.target.name(), source };
    let mut request = url.as_str().into_client_request().map_err(|error| fail(error.into()))?;
    request.headers_mut().extend(opener.headers.clone());
    request.headers_mut().insert("sec-websocket-protocol", http::HeaderValue::from_static("mcp"));
    if let Some(authorize) = &opener.authorize {
        authorize.authorize(&http::Method::GET, url, request.headers_mut()).await?;
    }
    let io = opener.http.raw(url).await?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(opener.limit))
        .max_frame_size(Some(opener.limit))
        .read_buffer_size(16 * 1024);
    let stream: Box<dyn Io> = Box::new(TokioIo::new(io));
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
        .await
        .map_err(|error| fail(error.into()))?;
    let (sink, source) = socket.split();
    Ok(Duplex::new(Messages(source), Messages(sink), None, inbox))
}

struct Messages<T>(T);

impl Source for Messages<SplitStream<Socket>> {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(Ok(text.into())),
                Ok(Message::Binary(bytes)) => return Some(Ok(bytes)),
                Ok(Message::Close(_)) | Err(WsError::ConnectionClosed) => return None,
                // Pings are answered below us.
                Ok(_) => {}
                Err(error) => return Some(Err(io::Error::other(error))),
            }
        }
    }
}

impl Sink for Messages<SplitSink<Socket, Message>> {
    async fn write(&mut self, frames: Vec<Bytes>) -> io::Result<Vec<Refused>> {
        for frame in frames {
            let text = Utf8Bytes::try_from(frame).map_err(io::Error::other)?;
            self.0.feed(Message::Text(text)).await.map_err(io::Error::other)?;
        }
        self.0.flush().await.map_err(io::Error::other)?;
        Ok(Vec::new())
    }

    async fn end(&mut self) {
        // The other side may be gone already.
        _ = self.0.close().await;
    }
}
