//! What is asked of servers: lists, entries, and files when they are needed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mcp_core::Client;
use mcp_core::protocol::{ReadResourceResult, ResourceBody};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::entry::{Manifest, SkillEntry};
use super::super::uri;
use super::loaded::mark;
use super::{
    Acting, Grant, HostError, ID, Listing, Loaded, Refused, SkillHost, SkillId, Verification, check,
};
use crate::skill::{Frontmatter, Mode, Skill, digest_of};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    skills: Vec<Value>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Got {
    skill: Value,
}

impl SkillHost {
    /// Lists the skills of a server. Entries only: no file is fetched. An empty list does not mean that there are no skills; see
    /// [`Self::get`].
    ///
    /// # Errors
    /// The server is not known, serves no skills, cannot be asked, or its list has no end.
    pub async fn refresh(&self, label: &str) -> Result<Listing, HostError> {
        let client = self.client(label).await?;
        let (mut entries, mut refused) = (Vec::new(), Vec::new());
        let (mut cursor, mut cursors): (Option<String>, HashSet<String>) = (None, HashSet::new());
        for _ in 0..self.settings.pages {
            let params = cursor.take().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
            let page: Page = ask(&client, label, "skills/list", &params).await?;
            for entry in page.skills {
                match self.read_entry(entry) {
                    Ok(entry) => entries.push(entry),
                    Err(problem) => refused.push(problem),
                }
            }
            match page.next_cursor.filter(|cursor| !cursor.is_empty()) {
                None => return Ok(self.take_all(label, entries, refused)),
                Some(next) if cursors.insert(next.clone()) => cursor = Some(next),
                Some(_) => break,
            }
        }
        Err(HostError::Endless { label: label.to_owned() })
    }

    /// Asks a server for one skill, listed or not. If it is not what was approved, the approval has ended.
    ///
    /// # Errors
    /// The server does not serve it, or its entry cannot be loaded.
    pub async fn get(&self, id: &SkillId) -> Result<Arc<SkillEntry>, HostError> {
        let client = self.client(&id.server).await?;
        let got: Got = ask(&client, &id.server, "skills/get", &json!({ "uri": id.uri })).await?;
        let wrong = |problem: String| HostError::Entry { id: id.clone(), problem };
        let entry = self.read_entry(got.skill).map_err(|refused| wrong(refused.problem))?;
        if entry.uri != id.uri {
            return Err(wrong("the server answered with another skill".to_owned()));
        }
        let mut state = self.state.lock();
        state.take(id, entry);
        state.entries.get(id).cloned().ok_or_else(|| HostError::unknown(id))
    }

    /// Fetches the `SKILL.md` of an approved skill and verifies it. From now on it is in use.
    ///
    /// # Errors
    /// It is not approved as it is now, cannot be fetched, or is not what was declared.
    pub async fn load(&self, id: &SkillId) -> Result<Loaded, HostError> {
        let (entry, grant) = self.permitted(id)?;
        let client = self.client(&id.server).await?;
        let bytes = fetch(&client, id, &entry.uri).await?;
        let refuse = |reason| HostError::Refused { id: id.clone(), uri: entry.uri.clone(), reason };
        verify(&entry, &entry.uri, &bytes).map_err(refuse)?;
        if bytes.len() as u64 > self.settings.limits.bytes {
            return Err(refuse(Verification::Limit { limit: self.settings.limits.bytes }));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| refuse(Verification::Unreadable))?;
        let (parts, _) =
            Frontmatter::parse(text, Mode::Strict).map_err(|_| refuse(Verification::Unreadable))?;
        if let Some(field) = differing(&parts, &entry) {
            return Err(refuse(Verification::Frontmatter { field }));
        }
        let skill = Skill::parse(text, None, Mode::Lenient).map_err(|_| refuse(Verification::Unreadable))?;
        let mut state = self.state.lock();
        // What was approved may have changed while the file was on its way.
        if state.entries.get(id).is_none_or(|now| *now != entry) {
            return Err(HostError::NotApproved { id: id.clone() });
        }
        let total = bytes.len() as u64;
        let read = HashMap::from([(entry.uri.clone(), bytes)]);
        state.acting.insert(id.clone(), Acting { entry, read, total });
        Ok(Loaded { id: id.clone(), skill, grant })
    }

    /// Reads a file of a skill that is in use, by its path in the skill's directory: from what was read before, or from the skill's
    /// own server, verified.
    ///
    /// # Errors
    /// The skill is not in use, the file is not one of its, or is not what was declared.
    pub async fn read(&self, id: &SkillId, path: &str) -> Result<Bytes, HostError> {
        let (entry, known, total) = {
            let state = self.state.lock();
            let acting = state.acting.get(id).ok_or_else(|| HostError::NotLoaded { id: id.clone() })?;
            let uri = format!("{}/{}", acting.entry.root(), uri::escape(path));
            (Arc::clone(&acting.entry), acting.read.get(&uri).cloned(), acting.total)
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let uri = format!("{}/{}", entry.root(), uri::escape(path));
        let refuse = |reason| HostError::Refused { id: id.clone(), uri: uri.clone(), reason };
        let listed = entry.resources == Manifest::Dynamic || entry.file(&uri).is_some();
        if uri::within(entry.root(), &uri).is_none() || !listed {
            return Err(refuse(Verification::Unlisted));
        }
        let client = self.client(&id.server).await?;
        let bytes = fetch(&client, id, &uri).await?;
        verify(&entry, &uri, &bytes).map_err(refuse)?;
        let limit = self.settings.limits.bytes;
        let total = total.saturating_add(bytes.len() as u64);
        if total > limit {
            return Err(refuse(Verification::Limit { limit }));
        }
        let mut state = self.state.lock();
        // The skill may have changed, or its approval may have ended, while the file was on its way.
        let acting = state.acting.get_mut(id).filter(|acting| Arc::ptr_eq(&acting.entry, &entry));
        let acting = acting.ok_or_else(|| HostError::NotLoaded { id: id.clone() })?;
        if acting.read.insert(uri, bytes.clone()).is_none() {
            acting.total = acting.total.saturating_add(bytes.len() as u64);
        }
        Ok(bytes)
    }

    /// A text file of a skill that is in use, marked with its origin for the model.
    ///
    /// # Errors
    /// As [`Self::read`]; or the file is not text.
    pub async fn read_for_context(&self, id: &SkillId, path: &str) -> Result<String, HostError> {
        let bytes = self.read(id, path).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| HostError::Refused {
            id: id.clone(),
            uri: path.to_owned(),
            reason: Verification::Unreadable,
        })?;
        Ok(mark(id, &format!("File `{path}` of a skill"), text))
    }

    /// The entry of a skill that may be loaded, and what is granted to it.
    fn permitted(&self, id: &SkillId) -> Result<(Arc<SkillEntry>, Grant), HostError> {
        let mut state = self.state.lock();
        let entry = state.entries.get(id).cloned().ok_or_else(|| HostError::unknown(id))?;
        let dynamic = entry.resources == Manifest::Dynamic;
        if dynamic && !self.settings.dynamic {
            return Err(HostError::Dynamic { id: id.clone() });
        }
        let grant = if dynamic { state.once.remove(id) } else { state.grant(id) };
        match grant {
            Some(grant) => Ok((entry, grant)),
            None if self.settings.approval => Err(HostError::NotApproved { id: id.clone() }),
            None => Ok((entry, Grant::default())),
        }
    }

    async fn client(&self, label: &str) -> Result<Client, HostError> {
        let client = self.state.lock().clients.get(label).cloned();
        let client = client.ok_or_else(|| HostError::Unknown { skill: label.to_owned() })?;
        let server = client.server().await.map_err(|source| failed(label, source))?;
        if server.capabilities.extensions.contains_key(ID) {
            Ok(client)
        } else {
            Err(HostError::Undeclared { label: label.to_owned() })
        }
    }

    fn read_entry(&self, entry: Value) -> Result<SkillEntry, Refused> {
        let uri = entry.get("uri").and_then(Value::as_str).unwrap_or_default().to_owned();
        let entry: SkillEntry = serde_json::from_value(entry).map_err(|error| Refused {
            uri: uri.clone(),
            problem: format!("the entry cannot be read: {error}"),
        })?;
        match check::problem(&entry, self.settings.limits) {
            Some(problem) => Err(Refused { uri, problem }),
            None => Ok(entry),
        }
    }

    /// Takes over a whole list.
    fn take_all(&self, label: &str, entries: Vec<SkillEntry>, mut refused: Vec<Refused>) -> Listing {
        let mut state = self.state.lock();
        let (mut ids, mut revoked) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for entry in entries {
            if !seen.insert(entry.uri.clone()) {
                refused.push(Refused {
                    uri: entry.uri,
                    problem: "it is listed twice; the first is taken".to_owned(),
                });
                continue;
            }
            let id = SkillId { server: label.to_owned(), uri: entry.uri.clone() };
            if state.take(&id, entry) {
                revoked.push(id.clone());
            }
            ids.push(id);
        }
        // An entry that has become unloadable is not the one that was approved.
        for bad in &refused {
            let id = SkillId { server: label.to_owned(), uri: bad.uri.clone() };
            if !seen.contains(&bad.uri) && state.entries.remove(&id).is_some() {
                state.acting.remove(&id);
                if state.approvals.remove(&id).is_some() {
                    revoked.push(id);
                }
            }
        }
        let skills = ids.iter().filter_map(|id| state.summary(id, self.settings)).collect();
        Listing { skills, refused, revoked }
    }
}

fn failed(label: &str, source: mcp_core::client::Error) -> HostError {
    HostError::Server { label: label.to_owned(), source: Box::new(source) }
}

async fn ask<T: DeserializeOwned>(
    client: &Client,
    label: &str,
    method: &'static str,
    params: &Value,
) -> Result<T, HostError> {
    let answer = client.request(method, params).await.map_err(|source| failed(label, source))?;
    answer.parse().map_err(|source| HostError::Answer { label: label.to_owned(), method, source })
}

/// The bytes at a URI: exactly one text or blob, at exactly this URI.
async fn fetch(client: &Client, id: &SkillId, uri: &str) -> Result<Bytes, HostError> {
    let shape = || HostError::Refused { id: id.clone(), uri: uri.to_owned(), reason: Verification::Shape };
    let read: ReadResourceResult = ask(client, &id.server, "resources/read", &json!({ "uri": uri })).await?;
    let [contents] = <[_; 1]>::try_from(read.contents).map_err(|_| shape())?;
    if contents.uri != uri {
        return Err(shape());
    }
    match contents.body {
        ResourceBody::Text(text) => Ok(Bytes::from(text)),
        ResourceBody::Blob(base64) => STANDARD.decode(base64).map(Bytes::from).map_err(|_| shape()),
    }
}

/// Whether bytes are those that an entry declares. Nothing is declared of what is dynamic.
fn verify(entry: &SkillEntry, uri: &str, bytes: &[u8]) -> Result<(), Verification> {
    if entry.resources == Manifest::Dynamic {
        return Ok(());
    }
    let file = entry.file(uri).ok_or(Verification::Unlisted)?;
    if file.size != bytes.len() as u64 {
        return Err(Verification::Size { declared: file.size, found: bytes.len() as u64 });
    }
    let found = digest_of(bytes);
    if file.digest == found {
        Ok(())
    } else {
        Err(Verification::Digest { declared: file.digest.clone(), found })
    }
}

/// The first member of the frontmatter that is not as declared.
fn differing(parts: &Frontmatter, entry: &SkillEntry) -> Option<String> {
    let names = parts.fields.keys().chain(entry.frontmatter.keys());
    let differs = |name: &&String| parts.fields.get(*name) != entry.frontmatter.get(*name);
    names.into_iter().find(differs).cloned()
}
