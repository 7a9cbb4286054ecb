//! Storing.

use serde::Serialize;

use super::{Tenant, draft, stats};
use crate::audit::{About, Action};
use crate::crypto::{Cipher, KeyId};
use crate::store::sql::{Sight, Transaction};
use crate::store::write::NamespaceName;
use crate::store::{Body, Kept, Stamp, Write, write};
use crate::vector::quantized;
use crate::{Draft, Id, MemoryError, Record, Scope};

/// Memories that one call takes at most.
const BATCH: usize = 10_000;

/// What became of a memory that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stored {
    /// Its identifier: that of the memory that says the same already, where there is one.
    pub id: Id,
    /// Whether it is new.
    pub new: bool,
}

/// A memory that only has to be sealed.
struct Ready {
    body: Body,
    stamp: Stamp,
    sequence: Option<i64>,
}

/// Where memories are going to be written.
pub(crate) struct Place {
    pub(crate) tag: [u8; 16],
    pub(crate) subject: [u8; 16],
    /// The key of the subject.
    pub(super) key: KeyId,
    pub(super) cipher: std::sync::Arc<Cipher>,
}

impl Tenant {
    /// Stores a memory. Storing what is there already changes nothing and returns its identifier.
    ///
    /// # Errors
    /// The caller may not write there, a member is wrong, or the store cannot be written.
    pub fn store(&self, scope: &Scope, memory: Draft) -> Result<Stored, MemoryError> {
        let stored = self.store_all(scope, vec![memory])?;
        stored.first().copied().ok_or(MemoryError::Closed)
    }

    /// Stores memories, all or none.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn store_all(&self, scope: &Scope, memories: Vec<Draft>) -> Result<Vec<Stored>, MemoryError> {
        self.check_write(scope, Action::Write, None)?;
        if memories.len() > BATCH {
            return Err(MemoryError::invalid(
                "memories",
                format!("there are more than {BATCH}: store them in parts"),
            ));
        }
        memories.iter().try_for_each(draft::check)?;
        let texts: Vec<&str> = memories.iter().map(|memory| memory.content.as_str()).collect();
        let vectors = self.engine.embed(&texts)?;
        let now = self.engine.now();
        let ready: Vec<Ready> = memories.into_iter().map(|memory| self.ready(memory, now)).collect();
        // Whose namespace it is, is found out first.
        let kept = self.engine.while_keys_last(&Sight::Everything, || {
            let place = self.place(scope)?;
            let sealed = ready.iter().zip(&vectors);
            let writes: Vec<Write> = sealed
                .map(|(memory, vector)| self.sealed(&place, memory, vector.as_deref()))
                .collect::<Result<_, _>>()?;
            let name = self.namespace_name(scope, &place)?;
            let quota = self.access.allowed();
            Ok(move |db: &Transaction<'_>| {
                let namespace = write::namespace(db, &place.tag, &name)?;
                db.see(&Sight::of(namespace).with(place.subject)).map_err(MemoryError::doing("written"))?;
                let kept = write::insert(db, namespace, &writes, now)?;
                stats::within(db, &place.subject, quota).map(|()| kept)
            })
        })?;
        self.told(Action::Write, About { scope: Some(scope.to_string()), id: None, memories: kept.len() })?;
        Ok(kept
            .into_iter()
            .map(|kept| match kept {
                Kept::New(id) => Stored { id, new: true },
                Kept::Known(id) => Stored { id, new: false },
            })
            .collect())
    }

    /// Stores the turns of a conversation in their order, each as a memory of its own.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn store_session(
        &self,
        scope: &Scope,
        session: &str,
        turns: Vec<Draft>,
    ) -> Result<Vec<Stored>, MemoryError> {
        let turns = turns.into_iter().map(|turn| turn.session(session)).collect();
        self.store_all(scope, turns)
    }

    pub(crate) fn place(&self, scope: &Scope) -> Result<Place, MemoryError> {
        let ring = self.engine.sealing.ring();
        let subject = self.subject();
        let (key, cipher) = ring.key_of(&subject)?;
        Ok(Place { tag: self.engine.namespace_tag(&self.access, scope), subject, key, cipher })
    }

    /// The sealed name of a namespace and the key that opens it: that of the subject whose it is.
    pub(crate) fn namespace_name(&self, scope: &Scope, place: &Place) -> Result<NamespaceName, MemoryError> {
        let ring = self.engine.sealing.ring();
        let name = serde_json::to_vec(&(self.access.org(), scope, self.access.user()));
        let name = name.map_err(MemoryError::doing("written"))?;
        let (key, cipher) = match scope {
            Scope::Private => (place.key, std::sync::Arc::clone(&place.cipher)),
            _ => ring.key_of(&ring.lookup().of("org", &[self.access.org().as_bytes()]))?,
        };
        let sealed = self.engine.sealing.seal_name(&cipher, &place.tag, &name)?;
        Ok(NamespaceName { key, sealed, owner: (*scope == Scope::Private).then_some(place.subject) })
    }

    fn ready(&self, memory: Draft, now: i64) -> Ready {
        let stamp = Stamp {
            created: memory.created.unwrap_or(now),
            updated: now,
            valid_from: memory.valid_from,
            valid_to: memory.valid_to,
            expires: memory.expires,
        };
        let sequence = memory.sequence;
        Ready { body: draft::body(memory, self.access.user()), stamp, sequence }
    }

    fn sealed(&self, place: &Place, memory: &Ready, vector: Option<&[f32]>) -> Result<Write, MemoryError> {
        let Ready { body, stamp, sequence } = memory;
        self.sealed_body(place, (Id::generate()?, 1), body, (*stamp, *sequence), vector)
    }

    /// A memory of the caller's that has an identifier and a version already, sealed.
    pub(crate) fn sealed_as(
        &self,
        place: &Place,
        version: (Id, u32),
        record: &Record,
        stamp: Stamp,
        vector: Option<&[f32]>,
    ) -> Result<Write, MemoryError> {
        let body = draft::body_of(record.clone(), self.access.user());
        self.sealed_body(place, version, &body, (stamp, record.sequence), vector)
    }

    fn sealed_body(
        &self,
        place: &Place,
        (id, version): (Id, u32),
        body: &Body,
        (stamp, sequence): (Stamp, Option<i64>),
        vector: Option<&[f32]>,
    ) -> Result<Write, MemoryError> {
        let (sealing, session) = (&self.engine.sealing, body.session.as_deref());
        let vector =
            vector.map(|vector| sealing.seal_vector(&place.cipher, &id, version, &quantized(vector)));
        Ok(Write {
            id,
            subject: place.subject,
            version,
            stamp,
            session: session.map(|session| self.session_tag(place, session)),
            sequence,
            same: self.same(place, &body.content, session, sequence),
            key: place.key,
            body: sealing.seal_body(&place.cipher, &id, version, body)?,
            model: self.engine.model.filter(|_| vector.is_some()),
            vector: vector.transpose()?,
        })
    }

    fn session_tag(&self, place: &Place, session: &str) -> [u8; 16] {
        self.engine.sealing.ring().lookup().of("session", &[&place.tag, session.as_bytes()])
    }

    /// Equal for memories that say the same in the same conversation, or outside of any.
    pub(super) fn same(
        &self,
        place: &Place,
        content: &str,
        session: Option<&str>,
        sequence: Option<i64>,
    ) -> [u8; 16] {
        let sequence = sequence.map(i64::to_le_bytes);
        self.engine.sealing.ring().lookup().of(
            "same",
            &[
                &place.tag,
                draft::normal(content).as_bytes(),
                session.unwrap_or_default().as_bytes(),
                sequence.as_ref().map_or(&[][..], |sequence| sequence),
            ],
        )
    }
}
