//! A view as bytes, and back. What is read was sealed by whoever wrote it: it is taken as it is.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytemuck::{NoUninit, Pod};
use indexmap::{IndexMap, IndexSet};

use super::columns::{Lists, Metadata, Names, Sparse, Symbols, Values};
use super::{Bits, View};
use crate::text::{Analyzer, List, Postings};
use crate::vector::Vectors;

/// The order of what follows, and of bytes in numbers. Another one is read anew from the store.
const FORM: u32 = 0x0001_0203;

/// Numbers, one behind the other.
fn put<T: NoUninit>(to: &mut impl Write, values: &[T]) -> io::Result<()> {
    to.write_all(&(values.len() as u64).to_le_bytes())?;
    to.write_all(bytemuck::cast_slice(values))
}

fn get<T: Pod>(from: &mut impl Read) -> io::Result<Vec<T>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
    let mut values = vec![T::zeroed(); length];
    from.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    Ok(values)
}

fn put_one<T: NoUninit>(to: &mut impl Write, value: T) -> io::Result<()> {
    to.write_all(bytemuck::bytes_of(&value))
}

fn get_one<T: Pod>(from: &mut impl Read) -> io::Result<T> {
    let mut value = T::zeroed();
    from.read_exact(bytemuck::bytes_of_mut(&mut value))?;
    Ok(value)
}

fn put_text(to: &mut impl Write, text: &str) -> io::Result<()> {
    put_one(to, u32::try_from(text.len()).map_err(io::Error::other)?)?;
    to.write_all(text.as_bytes())
}

fn get_text(from: &mut impl Read) -> io::Result<Box<str>> {
    let mut bytes = vec![0; get_one::<u32>(from)? as usize];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map(String::into_boxed_str).map_err(io::Error::other)
}

/// A part of a view.
trait Saved: Sized {
    fn write(&self, to: &mut impl Write) -> io::Result<()>;
    fn read(from: &mut impl Read) -> io::Result<Self>;
}

impl<T: Pod> Saved for Vec<T> {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put(to, self)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        get(from)
    }
}

impl Saved for Bits {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put(to, self.words())
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        get(from).map(Self::of_words)
    }
}

impl Saved for Symbols {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put_one(to, self.0.len() as u64)?;
        self.0.iter().try_for_each(|text| put_text(to, text))
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let many = get_one::<u64>(from)?;
        (0..many).map(|_| get_text(from)).collect::<io::Result<IndexSet<_>>>().map(Self)
    }
}

impl Saved for Names {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        self.symbols.write(to)?;
        self.of.write(to)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self { symbols: Symbols::read(from)?, of: get(from)? })
    }
}

impl Saved for Lists {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        self.symbols.write(to)?;
        self.ends.write(to)?;
        self.items.write(to)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self::of(Symbols::read(from)?, get(from)?, get(from)?))
    }
}

impl<T: Pod> Saved for Sparse<T> {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        self.slots.write(to)?;
        self.values.write(to)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self { slots: get(from)?, values: get(from)? })
    }
}

impl Saved for Metadata {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put_one(to, self.0.len() as u64)?;
        for (name, values) in &self.0 {
            put_text(to, name)?;
            values.symbols.write(to)?;
            values.of.write(to)?;
        }
        Ok(())
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let many = get_one::<u64>(from)?;
        let one = |from: &mut _| {
            let name = get_text(from)?;
            Ok((name, Values { symbols: Symbols::read(from)?, of: Sparse::read(from)? }))
        };
        (0..many).map(|_| one(from)).collect::<io::Result<IndexMap<_, _>>>().map(Self)
    }
}

impl Saved for Postings {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put_one(to, self.lists.len() as u64)?;
        for (term, list) in &self.lists {
            put_text(to, term)?;
            put_one(to, [list.last, list.many])?;
            put(to, &list.bytes)?;
        }
        put(to, &self.lengths)?;
        put_one(to, [self.live, self.length])
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let many = get_one::<u64>(from)?;
        let one = |from: &mut _| {
            let term = get_text(from)?;
            let [last, many] = get_one(from)?;
            Ok((term, List { bytes: get(from)?, last, many }))
        };
        let lists = (0..many).map(|_| one(from)).collect::<io::Result<IndexMap<_, _>>>()?;
        let lengths = get(from)?;
        let [live, length] = get_one(from)?;
        Ok(Self::of(lists, lengths, live, length))
    }
}

impl Saved for Vectors {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put_one(to, self.dimension as u64)?;
        put(to, &self.cells)?;
        put(to, &self.signs)?;
        put(to, &self.scales)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let dimension = usize::try_from(get_one::<u64>(from)?).map_err(io::Error::other)?;
        Ok(Self { dimension, cells: get(from)?, signs: get(from)?, scales: get(from)? })
    }
}

impl View {
    /// Writes all of it.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put_one(to, FORM)?;
        put(to, &self.ids)?;
        self.ordinals.write(to)?;
        self.slots.write(to)?;
        self.there.write(to)?;
        self.live.write(to)?;
        self.created.write(to)?;
        for times in [&self.updated, &self.valid_from, &self.valid_to, &self.expires] {
            times.write(to)?;
        }
        self.importance.write(to)?;
        let names = [&self.kinds, &self.authors, &self.sessions, &self.speakers, &self.sources];
        for names in names.into_iter().chain([&self.agents, &self.runs]) {
            names.write(to)?;
        }
        self.tags.write(to)?;
        self.metadata.write(to)?;
        self.sequences.write(to)?;
        put_one(to, self.turns.len() as u64)?;
        self.turns.iter().try_for_each(|turns| put(to, turns))?;
        self.postings.write(to)?;
        self.vectors.write(to)?;
        put(to, &self.subjects())
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// It is of another form, or something else.
    pub(crate) fn read(analyzer: Arc<Analyzer>, from: &mut impl Read) -> io::Result<Self> {
        if get_one::<u32>(from)? != FORM {
            return Err(io::Error::other("another form"));
        }
        Ok(Self {
            analyzer,
            ids: get(from)?,
            ordinals: get(from)?,
            slots: get(from)?,
            there: Bits::read(from)?,
            live: Bits::read(from)?,
            created: get(from)?,
            updated: Sparse::read(from)?,
            valid_from: Sparse::read(from)?,
            valid_to: Sparse::read(from)?,
            expires: Sparse::read(from)?,
            importance: Sparse::read(from)?,
            kinds: Names::read(from)?,
            authors: Names::read(from)?,
            sessions: Names::read(from)?,
            speakers: Names::read(from)?,
            sources: Names::read(from)?,
            agents: Names::read(from)?,
            runs: Names::read(from)?,
            tags: Lists::read(from)?,
            metadata: Metadata::read(from)?,
            sequences: get(from)?,
            turns: {
                let many = get_one::<u64>(from)?;
                (0..many).map(|_| get(from)).collect::<io::Result<_>>()?
            },
            postings: Postings::read(from)?,
            vectors: Vectors::read(from)?,
            subjects: get(from)?.into_iter().collect(),
        })
    }
}
