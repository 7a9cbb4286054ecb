//! Request state kept in memory, for servers without sealing.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;

use super::request_state::{RequestStateStore, TTL, random_token};
use crate::protocol::RpcError;

/// Keeps states in memory: for one process, bounded, oldest first out.
#[derive(Default)]
pub(crate) struct StateTable(Mutex<HashMap<String, Row>>);

struct Row {
    payload: Vec<u8>,
    binding: Vec<u8>,
    made: Instant,
}

/// Calls that may wait for answers at the same time.
const TABLE_LIMIT: usize = 4096;

impl RequestStateStore for StateTable {
    fn seal(&self, payload: &[u8], binding: &[u8]) -> Result<String, RpcError> {
        let token = random_token()?;
        let mut rows = self.0.lock();
        if rows.len() >= TABLE_LIMIT {
            rows.retain(|_, row| row.made.elapsed() < TTL);
        }
        if rows.len() >= TABLE_LIMIT
            && let Some(oldest) = rows.iter().min_by_key(|(_, row)| row.made).map(|(token, _)| token.clone())
        {
            rows.remove(&oldest);
        }
        rows.insert(
            token.clone(),
            Row { payload: payload.to_vec(), binding: binding.to_vec(), made: Instant::now() },
        );
        Ok(token)
    }

    fn open(&self, token: &str, binding: &[u8]) -> Option<Vec<u8>> {
        let rows = self.0.lock();
        rows.get(token).filter(|row| row.binding == binding).map(|row| row.payload.clone())
    }
}
