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
    seen CONSTANT text := $$ = ANY (CAST(nullif(current_setting('memory.namespaces', true), '') AS bigint[]))$$;
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

/// How a transaction says what it sees.
pub(super) fn statements(sight: &Sight) -> String {
    match sight {
        Sight::Nothing => set("", "", ""),
        Sight::Everything => set("everything", "", ""),
        Sight::Of { namespaces, subject } => {
            let namespaces: Vec<String> = namespaces.iter().map(i64::to_string).collect();
            let subject = subject.iter().flatten().fold(String::new(), |mut digits, byte| {
                // A string takes whatever is written.
                write!(digits, "{byte:02x}").ok();
                digits
            });
            set("own", &format!("{{{}}}", namespaces.join(",")), &subject)
        }
    }
}

fn set(sight: &str, namespaces: &str, subject: &str) -> String {
    format!(
        "SET LOCAL memory.sight TO '{sight}'; SET LOCAL memory.namespaces TO '{namespaces}'; \
         SET LOCAL memory.subject TO '{subject}'"
    )
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
    fn what_is_seen_is_said_in_full() {
        let check = |sight: Sight, sees: [&str; 3]| {
            let [sight_is, namespaces, subject] = sees;
            assert_eq!(statements(&sight), set(sight_is, namespaces, subject));
        };
        check(Sight::Nothing, ["", "", ""]);
        check(Sight::Everything, ["everything", "", ""]);
        check(Sight::of(7), ["own", "{7}", ""]);
        check(Sight::of_each([7, 8]).with([0xab; 16]), ["own", "{7,8}", &"ab".repeat(16)]);
        check(Sight::of_each([]), ["own", "{}", ""]);
        // Everything has no subject more.
        check(Sight::Everything.with([1; 16]), ["everything", "", ""]);
    }
}
