//! Row-level security: the server holds each transaction to what it said that it would see.
//!
//! The engine never asks for what a caller may not see, and what it stores is sealed. This is a third wall, for the day on which it asks
//! for too much, and for others who have rights in the schema. `FORCE` binds the owner of the tables too. Only superusers and roles with
//! `BYPASSRLS` go around it: the engine should be neither.
//!
//! Numbers of namespaces are drawn by lot. Who may set what it sees and is not told the number of a namespace does not hit upon it.

use std::fmt::Write as _;

use super::session::Session;
use crate::store::sql::{Db, Error, Sight, Value};

/// The guard, for a schema of format 2. The policy `everything` is for the role that owns the tables and its members.
pub(crate) const GUARD: &str = "
ALTER TABLE namespace ALTER COLUMN id DROP IDENTITY;
ALTER TABLE namespace ALTER COLUMN id
    SET DEFAULT CAST(CAST('x' || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 1, 15) AS bit(60)) AS bigint);
DO $guard$
DECLARE
    owner name;
    seen CONSTANT text := $$ = ANY (CAST(
        CASE WHEN current_setting('memory.sight', true) LIKE '{%' THEN current_setting('memory.sight', true) END AS bigint[]))$$;
    guarded text[];
BEGIN
    SELECT pg_get_userbyid(relowner) INTO owner FROM pg_class WHERE oid = CAST('memory' AS regclass);
    FOREACH guarded SLICE 1 IN ARRAY ARRAY[
        ['namespace', 'id' || seen, ''],
        ['memory', 'namespace' || seen, ''],
        ['past', 'namespace' || seen, ''],
        ['change', 'namespace' || seen, ''],
        ['stored', $$subject = decode(nullif(current_setting('memory.subject', true), ''), 'hex')$$, ''],
        ['used', 'EXISTS (SELECT 1 FROM memory m WHERE m.id = used.memory)', ''],
        -- Whoever sees one end sees that there is another; whoever ties two sees both.
        ['link', 'EXISTS (SELECT 1 FROM memory m WHERE m.id = link.source OR m.id = link.target)',
            'EXISTS (SELECT 1 FROM memory m WHERE m.id = link.source)
                AND EXISTS (SELECT 1 FROM memory m WHERE m.id = link.target)']
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', guarded[1]);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', guarded[1]);
        EXECUTE format('CREATE POLICY everything ON %I TO %I USING (current_setting(''memory.sight'', true) = ''everything'')',
            guarded[1], owner);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', guarded[1], guarded[2],
            CASE guarded[3] WHEN '' THEN guarded[2] ELSE guarded[3] END);
    END LOOP;
    -- Places of all namespaces: each change has the number after the last one, whose ever that was.
    EXECUTE format('CREATE POLICY last ON change FOR SELECT TO %I USING (current_setting(''memory.sight'', true) <> '''')', owner);
END $guard$;
";

/// Whether the role that a session belongs to may see everything when it says so.
const MAY_TEND: &str = "SELECT EXISTS (SELECT 1 FROM pg_policy p
    JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = CAST(?1 AS TEXT) AND c.relname = 'memory' AND p.polname = 'everything'
    AND EXISTS (SELECT 1 FROM unnest(p.polroles) AS role (oid) WHERE pg_has_role(role.oid, 'USAGE')))
    OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls))";
const GOES_AROUND: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls))";

/// How a transaction says what it sees, and nothing twice: each statement is some work for the server, and most transactions are small.
pub(super) fn statements(sight: &Sight, before: Option<&Sight>) -> String {
    let sees = match sight {
        Sight::Nothing => String::new(),
        Sight::Everything => "everything".to_owned(),
        Sight::Of { namespaces, .. } => {
            let namespaces: Vec<String> = namespaces.iter().map(i64::to_string).collect();
            format!("{{{}}}", namespaces.join(","))
        }
    };
    let mut said = format!("SET LOCAL memory.sight TO '{sees}'");
    if before.map(subject) != Some(subject(sight)) {
        said.push_str("; SET LOCAL memory.subject TO '");
        for byte in subject(sight).iter().flatten() {
            // A string takes whatever is written.
            write!(said, "{byte:02x}").ok();
        }
        said.push('\'');
    }
    said
}

const fn subject(sight: &Sight) -> Option<[u8; 16]> {
    if let Sight::Of { subject, .. } = sight { *subject } else { None }
}

impl Session {
    /// Whether all that the engine does can be done as this role; a role that the guard does not bind is warned of.
    pub(in crate::store::sql) fn may_tend(&self, db: &Db) -> Result<bool, Error> {
        if db.one(GOES_AROUND, &[], |row| row.get(0))? {
            tracing::warn!(
                "row-level security does not bind the role that the memory connects as: use one that is no superuser and has no BYPASSRLS"
            );
        }
        db.one(MAY_TEND, &[Value::Text(self.schema())], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_said_and_nothing_twice() {
        let check = |sight: &Sight, before: Option<&Sight>, said: &str| {
            assert_eq!(statements(sight, before), said.replace("SEE", "SET LOCAL memory.sight TO"));
        };
        let (seven, both) = (Sight::of(7), Sight::of_each([7, 8]).with([0xab; 16]));
        let who = format!("; SET LOCAL memory.subject TO '{}'", "ab".repeat(16));
        let nobody = "; SET LOCAL memory.subject TO ''";
        check(&Sight::Everything, Some(&Sight::Nothing), "SEE 'everything'");
        check(&Sight::Nothing, Some(&Sight::Everything), "SEE ''");
        check(&seven, Some(&Sight::Everything), "SEE '{7}'");
        check(&Sight::of_each([]), Some(&seven), "SEE '{}'");
        check(&both, Some(&seven), &format!("SEE '{{7,8}}'{who}"));
        check(&both, Some(&both), "SEE '{7,8}'");
        check(&Sight::Everything, Some(&both), &format!("SEE 'everything'{nobody}"));
        // Where nobody knows what was said before.
        check(&seven, None, &format!("SEE '{{7}}'{nobody}"));
        // Everything has no subject more.
        check(&Sight::Everything.with([1; 16]), Some(&seven), "SEE 'everything'");
    }
}
