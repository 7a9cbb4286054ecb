//! Unix sockets: one JSON message per line, as over standard input and output.

use std::fs;
use std::io;
use std::path::PathBuf;

use tokio::net::UnixListener;
use tokio::task::JoinSet;

use super::{ServeError, Transport, stream, told_to_stop};
use crate::service::SharedService;

/// A Unix socket. Make it with [`unix`].
#[derive(Debug)]
pub struct UnixSocket {
    path: PathBuf,
}

/// Serves on a Unix socket. A socket that a dead process left behind is replaced; one that somebody
/// listens on is not. Who may connect is up to the permissions of the directory.
pub fn unix(path: impl Into<PathBuf>) -> UnixSocket {
    UnixSocket { path: path.into() }
}

impl UnixSocket {
    fn bind(&self) -> io::Result<UnixListener> {
        match UnixListener::bind(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if std::os::unix::net::UnixStream::connect(&self.path).is_ok() {
                    return Err(error);
                }
                fs::remove_file(&self.path)?;
                UnixListener::bind(&self.path)
            }
            other => other,
        }
    }
}

impl Transport for UnixSocket {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        let bind = |source| ServeError::Bind { address: self.path.display().to_string(), source };
        let listener = self.bind().map_err(bind)?;
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(told_to_stop());
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => {
                    let (socket, _) = accepted?;
                    let (input, output) = socket.into_split();
                    let service = service.clone();
                    connections.spawn(async move {
                        if let Err(error) = stream::serve(service, input, output).await {
                            tracing::debug!(%error, "a connection ended badly");
                        }
                    });
                }
            }
        }
        // Dropping the set ends what is left.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket could not be removed");
        }
        Ok(())
    }
}
