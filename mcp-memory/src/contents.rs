//! Filters that ask for what memories say: views do not keep that, so it is read from the store.

use crate::engine::Engine;
use crate::filter::Filter;
use crate::store::{read, sql};
use crate::view::{Bits, View};
use crate::{MemoryError, store};

/// Where fewer than one of so many are asked for, each is looked up; else all are gone through.
const SOME: usize = 16;

impl Engine {
    /// The memories of a set that pass a filter.
    pub(crate) fn select(
        &self,
        namespace: i64,
        view: &View,
        filter: &Filter,
        within: Bits,
    ) -> Result<Bits, MemoryError> {
        if filter.is_everything() {
            return Ok(within);
        }
        let contents = |view: &View, of: &Bits, visit: &mut dyn FnMut(usize, &str)| {
            self.contents(namespace, view, of, visit)
        };
        view.select(&filter.node, &within, &contents)
    }

    fn contents(
        &self,
        namespace: i64,
        view: &View,
        of: &Bits,
        visit: &mut dyn FnMut(usize, &str),
    ) -> Result<(), MemoryError> {
        let mut look = |slot: usize, row: &store::Row| {
            // One that cannot be opened says nothing.
            if let Ok(record) = row.record(&self.sealing) {
                visit(slot, &record.content);
            }
        };
        self.reader.read(&sql::Sight::of(namespace), |db| {
            if of.count() * SOME < view.len() {
                let places: Vec<(usize, u32)> =
                    of.iter().filter_map(|slot| Some((slot, view.ordinal(slot)?))).collect();
                for part in places.chunks(sql::TOGETHER) {
                    let ordinals: Vec<u32> = part.iter().map(|(_, ordinal)| *ordinal).collect();
                    let rows = read::at_each(db, namespace, &ordinals)?;
                    for (slot, ordinal) in part {
                        if let Some(row) = rows.get(ordinal) {
                            look(*slot, row);
                        }
                    }
                }
                return Ok(());
            }
            read::all(db, namespace, |row| {
                if let Some(slot) = view.slot(row.ordinal).filter(|slot| of.has(*slot)) {
                    look(slot, &row);
                }
                Ok(())
            })
        })
    }
}
