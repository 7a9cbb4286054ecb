//! Duplex connections over HTTP: counted, owned, and gone when whoever holds them lets go.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Inner;
use crate::protocol::{ErrorCode, RpcError};
use crate::service::{Peer, Principal, same_caller};
use crate::transport::connection::Connection;

/// All duplex connections of a transport.
pub(crate) struct Links {
    open: Mutex<HashMap<Box<str>, Entry>>,
    limit: usize,
    limit_per_principal: usize,
}

struct Entry {
    connection: Arc<Connection>,
    owner: Option<Arc<Principal>>,
}

/// Holds a connection open. Dropping it ends the connection and cancels what runs on it.
pub(crate) struct Link {
    pub(crate) id: Box<str>,
    pub(crate) connection: Arc<Connection>,
    links: Arc<Links>,
}

impl Links {
    pub(crate) fn new(limit: usize, limit_per_principal: usize) -> Self {
        Self { open: Mutex::default(), limit, limit_per_principal }
    }

    /// The connection of a caller. A connection of somebody else does not exist.
    pub(crate) fn find(&self, id: &str, caller: Option<&Principal>) -> Option<Arc<Connection>> {
        let open = self.open.lock();
        let entry = open.get(id).filter(|entry| same_caller(entry.owner.as_deref(), caller))?;
        Some(Arc::clone(&entry.connection))
    }

    pub(crate) fn len(&self) -> usize {
        self.open.lock().len()
    }

    /// Adds a connection under an identifier of 128 random bits, unless there are too many. Each one
    /// has an open stream, so none can make room for another.
    fn add(self: &Arc<Self>, connection: Arc<Connection>, peer: &Peer) -> Result<Link, RpcError> {
        let id: Box<str> = crate::server::random_token()?.into();
        let owner = peer.principal.clone();
        let mut open = self.open.lock();
        if open.len() >= self.limit {
            let message = "the server has as many connections as it allows";
            return Err(RpcError::new(ErrorCode::OVERLOADED, message));
        }
        if let Some(caller) = &owner
            && self.limit_per_principal < self.limit
            && open.values().filter(|entry| same_caller(entry.owner.as_deref(), Some(caller))).count()
                >= self.limit_per_principal
        {
            let message = "the caller has as many connections as allowed";
            return Err(RpcError::new(ErrorCode::OVERLOADED, message));
        }
        open.insert(id.clone(), Entry { connection: Arc::clone(&connection), owner });
        Ok(Link { id, connection, links: Arc::clone(self) })
    }
}

impl Inner {
    /// Opens a duplex connection to the service.
    pub(super) fn link(&self, peer: &Peer) -> Result<Link, RpcError> {
        let closing = self.closing.child_token();
        let (service, depth) = (self.service.clone(), self.config.max_depth);
        let connection = Connection::with_peer(service, peer.clone(), depth, closing);
        self.links.add(connection, peer)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.connection.hang_up();
        let mut open = self.links.open.lock();
        open.remove(&self.id);
        if open.capacity() > 64 && open.len() < open.capacity() / 4 {
            open.shrink_to_fit();
        }
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("open", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The identifier is a credential.
        f.debug_struct("Link").field("connection", &self.connection).finish_non_exhaustive()
    }
}
