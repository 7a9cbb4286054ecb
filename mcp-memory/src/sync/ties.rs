//! What memories are to others, as it travels with them.

use std::collections::BTreeMap;

use crate::crypto::Lookup;
use crate::store::sql::{self, Db, Transaction, values};
use crate::store::write;
use crate::{Id, MemoryError};

/// The number of a relation, the other memory, since when.
pub(super) type Tie = (i64, Id, i64);

/// What a memory is to others.
pub(super) fn of(db: &Db, id: &Id) -> Result<Vec<Tie>, MemoryError> {
    let query = "SELECT kind, target, at FROM link WHERE source = ?1 ORDER BY kind, target";
    let read = |row: &sql::Row<'_>| Ok((row.get(0)?, Id(row.get(1)?), row.get(2)?));
    db.query(query, values![id.0], read).map_err(MemoryError::doing("read"))
}

/// The same of all that a subject has in a namespace, as digests; of those that are tied to nothing there is none.
pub(super) fn digests(db: &Db, namespace: i64, subject: &[u8; 16]) -> Result<BTreeMap<Id, u32>, MemoryError> {
    let query = "SELECT source, kind, target, at FROM link JOIN memory ON id = source WHERE namespace = ?1 AND subject = ?2";
    let read = |row: &sql::Row<'_>| Ok((Id(row.get(0)?), (row.get(1)?, Id(row.get(2)?), row.get::<i64>(3)?)));
    let rows: Vec<(Id, Tie)> =
        db.query(query, values![namespace, subject], read).map_err(MemoryError::doing("read"))?;
    let mut ties: BTreeMap<Id, Vec<Tie>> = BTreeMap::new();
    for (source, tie) in rows {
        ties.entry(source).or_default().push(tie);
    }
    Ok(ties.into_iter().map(|(id, ties)| (id, digest(&ties))).collect())
}

/// Tells sets of ties apart, whatever order they come in; 0 of none. Since when they are does not count: places may differ in that.
pub(super) fn digest(ties: &[Tie]) -> u32 {
    let mut parts: Vec<Vec<u8>> =
        ties.iter().map(|(kind, target, _)| [&kind.to_le_bytes()[..], &target.0].concat()).collect();
    parts.sort_unstable();
    if parts.is_empty() {
        return 0;
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    // Nothing in it is secret: it stays here.
    let [a, b, c, d, ..] = Lookup::new(&[0; 32]).of("ties", &parts);
    u32::from_be_bytes([a, b, c, d]).max(1)
}

/// Ties a memory as it came; and unties it from the rest, where here and there had agreed before.
pub(super) fn take(db: &Transaction<'_>, id: &Id, ties: &[Tie], had_agreed: bool) -> Result<(), MemoryError> {
    if had_agreed {
        let stays = |kind: i64, target: Id| ties.iter().any(|tie| (tie.0, tie.1) == (kind, target));
        let delete = "DELETE FROM link WHERE source = ?1 AND target = ?2 AND kind = ?3";
        for (kind, target, _) in of(db, id)?.into_iter().filter(|(kind, target, _)| !stays(*kind, *target)) {
            db.execute(delete, values![id.0, target.0, kind]).map_err(MemoryError::doing("written"))?;
        }
    }
    ties.iter().try_for_each(|(kind, target, at)| write::link(db, id, target, *kind, *at))
}
