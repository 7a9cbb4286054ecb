//! Deleting what was kept long enough, and keeping what must not be deleted.

use serde::Serialize;
use serde_json::Value;

use crate::audit::{About, Action};
use crate::engine::Engine;
use crate::filter::{Filter, FilterError};
use crate::store::sql::{Db, Sight};
use crate::store::{read, write};
use crate::{Memory, MemoryError};

const DAY: i64 = 86_400_000;
/// Memories that are deleted at once, between which others may write.
const BATCH: usize = 1_000;

/// How long memories of some sort are kept.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// What it is called in reports.
    pub name: String,
    /// Which memories it is about.
    pub filter: Filter,
    /// Days after they were learned.
    pub days: u32,
}

/// How long memories are kept. What no rule is about is kept; so is what an exception is about.
///
/// ```
/// use mcp_memory::Policy;
/// use serde_json::json;
///
/// let policy = Policy::parse(&json!({
///     "rules": [
///         { "name": "chatter", "filter": { "type": "note" }, "days": 90 },
///         { "name": "all", "days": 730 },
///     ],
///     "except": [{ "tags": "contract" }],
/// }))?;
/// assert_eq!(policy.rules[0].days, 90);
/// # Ok::<(), mcp_memory::filter::FilterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Any of them is enough to delete a memory.
    pub rules: Vec<Rule>,
    /// What is kept whatever the rules say.
    pub except: Vec<Filter>,
}

/// What was deleted, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Retained {
    /// How many, by the first rule that is about them.
    pub rules: Vec<(String, usize)>,
    /// How many in all.
    pub deleted: usize,
    /// How many are kept for a legal hold.
    pub held: usize,
}

impl Rule {
    /// Memories that pass a filter are kept for some days.
    pub fn new(name: impl Into<String>, filter: Filter, days: u32) -> Self {
        Self { name: name.into(), filter, days }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// It is none. The error names the place, and what could stand there.
    pub fn parse(json: &Value) -> Result<Self, FilterError> {
        let members = object(json, "policy", &["rules", "except"])?;
        let list = |name: &str| match members.get(name) {
            None => Ok(&[][..]),
            Some(Value::Array(items)) => Ok(items.as_slice()),
            Some(_) => Err(FilterError::new(&format!("policy.{name}"), "must be a list")),
        };
        let within = |path: String| {
            move |error: FilterError| FilterError { path: format!("{path}: {}", error.path), ..error }
        };
        let rule = |(number, json): (usize, &Value)| {
            let path = format!("policy.rules[{number}]");
            let members = object(json, &path, &["name", "filter", "days"])?;
            let days = members.get("days").and_then(Value::as_u64).and_then(|days| u32::try_from(days).ok());
            let days =
                days.ok_or_else(|| FilterError::new(&format!("{path}.days"), "must be a number of days"))?;
            let name = members.get("name").and_then(Value::as_str).unwrap_or(&path).to_owned();
            let filter = members.get("filter").map(Filter::parse).transpose().map_err(within(path))?;
            Ok(Rule { name, filter: filter.unwrap_or_default(), days })
        };
        let except = |(number, json): (usize, &Value)| {
            Filter::parse(json).map_err(within(format!("policy.except[{number}]")))
        };
        Ok(Self {
            rules: list("rules")?.iter().enumerate().map(rule).collect::<Result<_, _>>()?,
            except: list("except")?.iter().enumerate().map(except).collect::<Result<_, _>>()?,
        })
    }
}

fn object<'a>(
    json: &'a Value,
    path: &str,
    known: &[&str],
) -> Result<&'a serde_json::Map<String, Value>, FilterError> {
    let members = json.as_object().ok_or_else(|| FilterError::new(path, "must be an object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(FilterError::new(
            &format!("{path}.{name}"),
            format!("is unknown: there are {}", known.join(", ")),
        )),
        None => Ok(members),
    }
}

impl Memory {
    /// Deletes what all users of an organisation have kept long enough; with `dry_run` it only says how much that is. What is under a
    /// legal hold stays.
    ///
    /// # Errors
    /// The store cannot be read or written. What was deleted before stays so: do it again.
    pub fn retention(&self, org: &str, policy: &Policy, dry_run: bool) -> Result<Retained, MemoryError> {
        let mut retained = Retained {
            rules: policy.rules.iter().map(|rule| (rule.name.clone(), 0)).collect(),
            ..Retained::default()
        };
        for (namespace, scope, user) in self.0.namespaces_of(org)? {
            let before = retained.deleted;
            self.0.retain(namespace, policy, dry_run, &mut retained)?;
            let memories = retained.deleted - before;
            if memories > 0 && !dry_run {
                let about = About { scope: Some(scope), id: None, memories };
                self.0.audit.done(self.0.now(), (org, &user), Action::Retention, about)?;
            }
        }
        if !dry_run && retained.deleted > 0 {
            self.0.empty_log()?;
        }
        Ok(retained)
    }

    /// Puts all that a user stored under a legal hold: nobody deletes any of it, nor erases them, until it is released. Says whether
    /// it was not so before.
    ///
    /// # Errors
    /// The key ring cannot be written.
    pub fn hold(&self, org: &str, user: &str) -> Result<bool, MemoryError> {
        self.held(org, user, Some(self.0.now()))
    }

    /// Releases a legal hold, and says whether there was one.
    ///
    /// # Errors
    /// The key ring cannot be written.
    pub fn release(&self, org: &str, user: &str) -> Result<bool, MemoryError> {
        self.held(org, user, None)
    }

    fn held(&self, org: &str, user: &str, at: Option<i64>) -> Result<bool, MemoryError> {
        let ring = self.0.sealing.ring();
        let subject = ring.subject(org, user);
        let changed = ring.hold(&subject, at)?;
        self.0.audit.done(self.0.now(), (org, user), Action::Hold, About::default())?;
        Ok(changed)
    }
}

impl Engine {
    /// The namespaces of an organisation: number, scope, and the user whose own it is or who made it.
    fn namespaces_of(&self, org: &str) -> Result<Vec<(i64, String, String)>, MemoryError> {
        let ids = self.reader.read(&Sight::Everything, read::namespaces)?;
        let mut found = Vec::new();
        for id in ids {
            let (of, scope, user) = match self.namespace_name(id) {
                // Erased at this moment.
                Err(MemoryError::Keys { .. }) => continue,
                name => name?,
            };
            if of == org {
                found.push((id, scope, user));
            }
        }
        // Numbers of namespaces tell nothing of an order.
        found.sort_unstable_by(|one, other| (&one.1, &one.2).cmp(&(&other.1, &other.2)));
        Ok(found)
    }

    fn retain(
        &self,
        namespace: i64,
        policy: &Policy,
        dry_run: bool,
        retained: &mut Retained,
    ) -> Result<(), MemoryError> {
        let view = self.view(namespace)?;
        let mut doomed = Vec::new();
        {
            let view = view.read();
            let mut left = view.counting(true, i64::MIN);
            for filter in &policy.except {
                let kept = self.select(namespace, &view, filter, left.clone())?;
                left.take(&kept);
            }
            for (number, rule) in policy.rules.iter().enumerate() {
                let until = self.now().saturating_sub(i64::from(rule.days).saturating_mul(DAY));
                let old = left.those(|slot| view.created(slot) < until);
                let of_rule = self.select(namespace, &view, &rule.filter, old)?;
                left.take(&of_rule);
                doomed.extend(of_rule.iter().filter_map(|slot| Some((number, view.ordinal(slot)?))));
            }
        }
        for batch in doomed.chunks(BATCH) {
            let (batch, sealing) = (batch.to_vec(), self.sealing.clone());
            let delete = move |db: &Db, remove: &dyn Fn(&crate::store::Row) -> Result<(), MemoryError>| {
                let (held, mut deleted, mut kept) = (sealing.ring().held()?, Vec::new(), 0);
                for (rule, ordinal) in batch {
                    let Some(row) = read::at(db, namespace, ordinal)? else { continue };
                    if held.contains(&row.subject) {
                        kept += 1;
                    } else {
                        remove(&row)?;
                        deleted.push(rule);
                    }
                }
                Ok::<_, MemoryError>((deleted, kept))
            };
            let (deleted, kept) = if dry_run {
                self.reader.read(&Sight::of(namespace), |db| delete(db, &|_| Ok(())))?
            } else {
                self.writer.write(Sight::of(namespace), move |db| {
                    delete(db, &|row| write::remove(db, &row.id, row.namespace, row.ordinal))
                })?
            };
            retained.held += kept;
            retained.deleted += deleted.len();
            for rule in deleted {
                if let Some((_, many)) = retained.rules.get_mut(rule) {
                    *many += 1;
                }
            }
        }
        Ok(())
    }
}
