//! Reading and writing JSON objects member by member.
//!
//! Derived code cannot keep unknown members as text: whatever serde buffers (`flatten`, tagged and untagged
//! enums) loses the raw form. The types of the model therefore name their members once, in [`wire_object!`],
//! and share this reader and writer.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, ser::SerializeMap};

use super::{CacheHint, RawJson};

/// Members of an object that the model does not know, in the order and the text they came in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extra(IndexMap<String, RawJson>);

impl Extra {
    /// The member called `name`.
    pub fn get(&self, name: &str) -> Option<&RawJson> {
        self.0.get(name)
    }

    /// Adds a member. One that bears the name of a known member is never written.
    pub fn insert(&mut self, name: impl Into<String>, value: RawJson) {
        self.0.insert(name.into(), value);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Why an object is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemberError {
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{name}`: {source}")]
    Invalid { name: &'static str, source: serde_json::Error },
    #[error("`{name}` is `{found}`, which is not known")]
    Unknown { name: &'static str, found: String },
}

/// The members of an object that were not read yet.
#[derive(Debug)]
pub(crate) struct Members(IndexMap<String, RawJson>);

impl Members {
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, MemberError> {
        let raw = self.0.shift_remove(name).ok_or(MemberError::Missing(name))?;
        raw.parse().map_err(|source| MemberError::Invalid { name, source })
    }

    /// Absent and `null` are the same.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, MemberError> {
        match self.0.shift_remove(name) {
            Some(raw) if !raw.is_null() => {
                raw.parse().map(Some).map_err(|source| MemberError::Invalid { name, source })
            }
            _ => Ok(None),
        }
    }

    /// A value that is left out where it says nothing.
    pub(crate) fn default<T: DeserializeOwned + Default>(
        &mut self,
        name: &'static str,
    ) -> Result<T, MemberError> {
        self.optional(name).map(Option::unwrap_or_default)
    }

    /// Any value; `null` is one.
    pub(crate) fn any(&mut self, name: &'static str) -> Result<Option<RawJson>, MemberError> {
        Ok(self.0.shift_remove(name))
    }

    /// An object whose presence alone is the message.
    pub(crate) fn marker(&mut self, name: &'static str) -> Result<bool, MemberError> {
        Ok(self.0.shift_remove(name).is_some_and(|raw| !matches!(raw.get(), "null" | "false")))
    }

    /// A cache hint, whose two members lie flat in the object; half a hint takes the careful half.
    pub(crate) fn hint(&mut self, ttl: &'static str) -> Result<Option<CacheHint>, MemberError> {
        let ttl_ms = self.optional(ttl)?;
        let scope = self.optional("cacheScope")?;
        Ok((ttl_ms.is_some() || scope.is_some())
            .then(|| CacheHint { ttl_ms: ttl_ms.unwrap_or_default(), scope: scope.unwrap_or_default() }))
    }

    pub(crate) fn number(&mut self, name: &'static str) -> Result<f64, MemberError> {
        self.required(name)
    }

    pub(crate) fn optional_number(&mut self, name: &'static str) -> Result<Option<f64>, MemberError> {
        self.optional(name)
    }

    /// A value, or an array of them.
    pub(crate) fn one_or_many<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<Vec<T>, MemberError> {
        if self.0.get(name).is_some_and(|raw| raw.get().starts_with('[')) {
            return self.required(name);
        }
        Ok(vec![self.required(name)?])
    }

    /// Reads a member and leaves it where it is.
    pub(crate) fn peek<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, MemberError> {
        let raw = self.0.get(name).ok_or(MemberError::Missing(name))?;
        raw.parse().map_err(|source| MemberError::Invalid { name, source })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    pub(crate) fn rest(self) -> Extra {
        Extra(self.0)
    }

    pub(crate) fn into_raw(self) -> RawJson {
        RawJson::from_serialize(&self.0).expect("invariant: text members form an object")
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IndexMap::deserialize(deserializer).map(Self)
    }
}

/// Writes members into a map that serde has open.
pub(crate) struct Writer<'a, M>(pub(crate) &'a mut M);

impl<M: SerializeMap> Writer<'_, M> {
    pub(crate) fn required<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    pub(crate) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        value: &Option<T>,
    ) -> Result<(), M::Error> {
        value.as_ref().map_or(Ok(()), |value| self.required(name, value))
    }

    pub(crate) fn any(&mut self, name: &'static str, value: &Option<RawJson>) -> Result<(), M::Error> {
        self.optional(name, value)
    }

    pub(crate) fn default<T: Serialize + Default + PartialEq>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        if *value == T::default() { Ok(()) } else { self.required(name, value) }
    }

    /// A single value stands alone; readers of older revisions know nothing else.
    pub(crate) fn one_or_many<T: Serialize>(
        &mut self,
        name: &'static str,
        values: &[T],
    ) -> Result<(), M::Error> {
        match values {
            [one] => self.required(name, one),
            many => self.required(name, many),
        }
    }

    /// Whole numbers are written without a point: some readers expect an integer there.
    pub(crate) fn number(&mut self, name: &'static str, value: &f64) -> Result<(), M::Error> {
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
        if value.fract() == 0.0 && value.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53 by the line above")]
            let whole = *value as i64;
            return self.required(name, &whole);
        }
        self.required(name, value)
    }

    pub(crate) fn optional_number(
        &mut self,
        name: &'static str,
        value: &Option<f64>,
    ) -> Result<(), M::Error> {
        value.as_ref().map_or(Ok(()), |value| self.number(name, value))
    }

    pub(crate) fn marker(&mut self, name: &'static str, value: &bool) -> Result<(), M::Error> {
        if *value { self.required(name, &EmptyObject {}) } else { Ok(()) }
    }

    pub(crate) fn hint(&mut self, _ttl: &'static str, value: &Option<CacheHint>) -> Result<(), M::Error> {
        value.as_ref().map_or(Ok(()), |hint| hint.write(self))
    }

    /// Writes the members of an object kept as text.
    pub(crate) fn spread(&mut self, object: &RawJson) -> Result<(), M::Error> {
        let members: Members = object.parse().map_err(serde::ser::Error::custom)?;
        self.rest(&members.rest(), &[])
    }

    /// Writes an object with a `type` in front.
    pub(crate) fn tagged<T: WireObject>(&mut self, tag: &'static str, value: &T) -> Result<(), M::Error> {
        self.required("type", tag)?;
        value.write(self)
    }

    pub(crate) fn rest(&mut self, extra: &Extra, known: &[&str]) -> Result<(), M::Error> {
        for (name, value) in extra.iter().filter(|(name, _)| !known.contains(name)) {
            self.0.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

/// `{}`.
#[derive(Serialize)]
pub(crate) struct EmptyObject {}

/// A type that is one JSON object, or part of one.
pub(crate) trait WireObject: Sized {
    /// The members it knows.
    const NAMES: &'static [&'static str] = &[];

    fn read(members: Members) -> Result<Self, MemberError>;
    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error>;
}

/// Implements [`WireObject`] from a table of members, and serde's traits from that.
///
/// A line reads `kind field = "name"`; the kinds are the methods of [`Members`] and [`Writer`]. `rest` names the
/// field that keeps unknown members; without it they are dropped.
macro_rules! wire_object {
    ($type:ident { $($kind:ident $field:ident = $name:literal),* $(,)? } $(rest $rest:ident)?) => {
        impl $crate::protocol::object::WireObject for $type {
            const NAMES: &'static [&'static str] = &[$($name),*];

            fn read(
                mut members: $crate::protocol::object::Members,
            ) -> Result<Self, $crate::protocol::object::MemberError> {
                $(let $field = members.$kind($name)?;)*
                $(let $rest = members.rest();)?
                Ok(Self { $($field,)* $($rest,)? })
            }

            fn write<M: serde::ser::SerializeMap>(
                &self,
                writer: &mut $crate::protocol::object::Writer<'_, M>,
            ) -> Result<(), M::Error> {
                $(writer.$kind($name, &self.$field)?;)*
                $(writer.rest(&self.$rest, Self::NAMES)?;)?
                Ok(())
            }
        }

        $crate::protocol::object::wire_serde!($type);
    };
}

/// Implements serde's traits for a [`WireObject`].
macro_rules! wire_serde {
    ($type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $crate::protocol::object::WireObject::write(
                    self,
                    &mut $crate::protocol::object::Writer(&mut map),
                )?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let members =
                    <$crate::protocol::object::Members as serde::Deserialize>::deserialize(deserializer)?;
                $crate::protocol::object::WireObject::read(members).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {wire_object, wire_serde};
