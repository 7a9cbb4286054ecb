//! Row-level security: what a role of PostgreSQL gets to see of tenants, whatever it asks for.

use mcp_memory::{Access, Draft, Edit, Id, Memory, Relation, Scope, Tenant};

use crate::postgres::{OWNER, Schema, make_role, of_role, sql, sql_as};
use crate::support::{Letters, Place, found, open, store, user};

/// All tables with what tenants stored.
const GUARDED: [&str; 7] = ["namespace", "memory", "past", "change", "stored", "used", "link"];
/// What the server says to whoever wants to write what they may not.
const REFUSED: &str = "42501";

/// A role that has all rights in a schema and owns nothing, and is gone with the test.
struct Role(String);

impl Role {
    fn with_rights_in(schema: &str) -> Self {
        let name = format!("role_of_{schema}");
        make_role(&name);
        sql(&format!(
            "GRANT USAGE ON SCHEMA {schema} TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name};
            GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {name}"
        ));
        Self(name)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        sql(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.0));
    }
}

/// What one tenant has stored, as the server knows it.
struct Stored {
    namespace: String,
    id: String,
    subject: String,
}

/// Stores something of each kind that there is: versions, links, uses.
fn stored(tenant: &Tenant, schema: &str) -> Stored {
    let id = store(tenant, "the harbour opens at six");
    let mut edit = Edit::default();
    edit.content = Some("the harbour opens at seven".to_owned());
    tenant.update(&id, edit).unwrap();
    let other = store(tenant, "the lighthouse is red");
    tenant.link(&id, Relation::Related, &other).unwrap();
    assert_eq!(found(tenant, "harbour").len(), 2);
    let id = bytes(&id);
    let of = |column: &str| {
        let query = format!("SELECT CAST({column} AS text) FROM {schema}.memory WHERE id = {id}");
        sql(&query).unwrap()
    };
    Stored { namespace: of("namespace"), subject: of("encode(subject, 'hex')"), id }
}

fn bytes(id: &Id) -> String {
    format!("CAST('\\x{}' AS bytea)", id.to_string().replace('-', ""))
}

/// A store with two tenants, all of it written, and the role that is to be tried.
fn two_tenants() -> Option<(Place, Stored, Stored, Role)> {
    if !Schema::is_there() {
        return None;
    }
    let place = Place::in_postgres();
    let schema = place.schema().unwrap().to_owned();
    let memory = open(&place);
    let ann = stored(&user(&memory, "acme", "ann"), &schema);
    let eve = stored(&user(&memory, "other", "eve"), &schema);
    // How often something was used is written at the end.
    drop(memory);
    let role = Role::with_rights_in(&schema);
    Some((place, ann, eve, role))
}

/// Statements of a role that says which tenant it is.
fn as_tenant(role: &str, schema: &str, who: &Stored, text: &str) -> Result<(Option<String>, u64), String> {
    let settings = format!(
        "BEGIN; SET LOCAL search_path TO {schema}; SET LOCAL memory.sight TO '{{{}}}';
        SET LOCAL memory.subject TO '{}';",
        who.namespace, who.subject
    );
    answer(role, &format!("{settings} {text}"))
}

fn answer(role: &str, text: &str) -> Result<(Option<String>, u64), String> {
    sql_as(role, text).map_err(|error| error.code().map_or(error.to_string(), |code| code.code().to_owned()))
}

fn count(role: &str, schema: &str, before: &str, table: &str) -> u64 {
    let counted = answer(role, &format!("BEGIN; {before}; SELECT count(*) FROM {schema}.{table}")).unwrap();
    counted.0.unwrap().parse().unwrap()
}

#[test]
fn who_says_nothing_sees_nothing() {
    let Some((place, ann, _, role)) = two_tenants() else { return };
    let schema = place.schema().unwrap();
    for table in GUARDED {
        let all: u64 = sql(&format!("SELECT count(*) FROM {schema}.{table}")).unwrap().parse().unwrap();
        assert!(all >= 2, "{table} has something of both");
        // The owner of the tables is bound as others are.
        for who in [role.0.as_str(), OWNER] {
            let query = format!("SELECT count(*) FROM {schema}.{table}");
            assert_eq!(answer(who, &query).unwrap().0.as_deref(), Some("0"), "{who} {table}");
            // What an earlier transaction said is over.
            let later = format!("BEGIN; SET LOCAL memory.sight TO '{{{}}}'; COMMIT; {query}", ann.namespace);
            assert_eq!(answer(who, &later).unwrap().0.as_deref(), Some("0"), "{who} {table}");
            assert_eq!(answer(who, &format!("DELETE FROM {schema}.{table}")).unwrap().1, 0, "{who} {table}");
        }
        // Everything is for whoever the tables belong to.
        assert_eq!(count(&role.0, schema, "SET LOCAL memory.sight TO 'everything'", table), 0, "{table}");
        assert_eq!(count(OWNER, schema, "SET LOCAL memory.sight TO 'everything'", table), all, "{table}");
        let around =
            answer(&role.0, &format!("SET row_security TO off; SELECT count(*) FROM {schema}.{table}"));
        assert_eq!(around.unwrap_err(), REFUSED, "{table}");
        let lifted = answer(&role.0, &format!("ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY"));
        assert_eq!(lifted.unwrap_err(), REFUSED, "{table}");
    }
}

#[test]
fn who_is_one_tenant_neither_reads_nor_writes_what_another_has() {
    let Some((place, ann, eve, role)) = two_tenants() else { return };
    let schema = place.schema().unwrap();
    let condition = |table: &str, of: &Stored| {
        let Stored { namespace, id, subject } = of;
        match table {
            "namespace" => format!("id = {namespace}"),
            "memory" | "past" | "change" => format!("namespace = {namespace}"),
            "stored" => format!("subject = decode('{subject}', 'hex')"),
            "used" => format!("memory = {id}"),
            _ => format!("source = {id}"),
        }
    };
    for who in [role.0.as_str(), OWNER] {
        let run = |text: &str| as_tenant(who, schema, &ann, text);
        for table in GUARDED {
            let (own, others) = (condition(table, &ann), condition(table, &eve));
            let count =
                |condition: &str| run(&format!("SELECT count(*) FROM {table} WHERE {condition}")).unwrap();
            assert_ne!(count(&own).0.as_deref(), Some("0"), "{who} sees their own: {table}");
            if (who, table) != (OWNER, "change") {
                assert_eq!(count(&others).0.as_deref(), Some("0"), "{who} {table}");
                // Of two that were used, one is asked for.
                let seen = if table == "used" { Some("2".to_owned()) } else { count(&own).0 };
                assert_eq!(count("true").0, seen, "{who} {table}");
            }
            let touched = match table {
                "namespace" => "next = next + 1",
                "memory" => "updated = 0",
                "past" | "link" => "at = 0",
                "change" => "ordinal = 9",
                "stored" => "bytes = 0",
                _ => "uses = 0",
            };
            let change =
                |condition: &str| run(&format!("UPDATE {table} SET {touched} WHERE {condition}")).unwrap().1;
            assert_eq!((change(&own) > 0, change(&others)), (true, 0), "{who} {table}");
            let delete = |condition: &str| run(&format!("DELETE FROM {table} WHERE {condition}")).unwrap().1;
            assert_eq!((delete(&own) > 0, delete(&others)), (true, 0), "{who} {table}");
        }
        let (mine, theirs) = (&ann.namespace, &eve.namespace);
        let (id, their_id, their_subject) = (&ann.id, &eve.id, &eve.subject);
        for refused in [
            format!("INSERT INTO namespace (id, tag, key, name) VALUES ({theirs} + 1, '\\x00', 1, '\\x00')"),
            format!(
                "INSERT INTO memory (id, namespace, ordinal, subject, version, state, created, updated, key, body)
                VALUES ('\\x00', {theirs}, 99, '\\x00', 1, 0, 0, 0, 1, '\\x00')"
            ),
            format!("UPDATE memory SET namespace = {theirs} WHERE id = {id}"),
            format!("UPDATE past SET namespace = {theirs} WHERE memory = {id}"),
            format!("UPDATE change SET namespace = {theirs} WHERE namespace = {mine}"),
            format!("INSERT INTO change (seq, namespace, ordinal) VALUES (9999, {theirs}, 1)"),
            format!(
                "INSERT INTO past (memory, version, event, at, subject, namespace, key, body)
                VALUES ('\\x00', 1, 0, 0, '\\x00', {theirs}, 1, '\\x00')"
            ),
            "INSERT INTO stored (subject, memories, bytes) VALUES ('\\x00', 1, 1)".to_owned(),
            format!("UPDATE stored SET subject = decode('{their_subject}', 'hex')"),
            format!("INSERT INTO used (memory, uses, last) VALUES ({their_id}, 1, 1)"),
            format!("INSERT INTO link (source, target, kind, at) VALUES ({id}, {their_id}, 1, 1)"),
            format!("INSERT INTO link (source, target, kind, at) VALUES ({their_id}, {id}, 1, 1)"),
            format!("UPDATE link SET target = {their_id} WHERE source = {id}"),
        ] {
            assert_eq!(run(&refused).unwrap_err(), REFUSED, "{who} {refused}");
        }
        // Who asks for both has been told both numbers: whoever has not does not hit upon one.
        assert!(theirs.parse::<i64>().unwrap() > 1 << 40, "{theirs} was drawn by lot");
    }
    // Nothing of that was committed, and both find what they stored.
    let memory = open(&place);
    for (org, name) in [("acme", "ann"), ("other", "eve")] {
        assert_eq!(found(&user(&memory, org, name), "harbour").len(), 2);
    }
}

#[test]
fn a_store_without_a_guard_is_guarded_when_it_is_opened() {
    if !Schema::is_there() {
        return;
    }
    let place = Place::in_postgres();
    let schema = place.schema().unwrap();
    let memory = open(&place);
    let id = store(&user(&memory, "acme", "ann"), "kept since format 2");
    drop(memory);
    // As format 2 was.
    let mut undo = String::new();
    for table in GUARDED {
        undo += &format!(
            "DROP POLICY everything ON {schema}.{table}; DROP POLICY own ON {schema}.{table};
            ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY; ALTER TABLE {schema}.{table} NO FORCE ROW LEVEL SECURITY;"
        );
    }
    sql(&format!(
        "{undo} DROP POLICY last ON {schema}.change; UPDATE {schema}.format SET version = 2;
        UPDATE {schema}.memory SET namespace = 1; UPDATE {schema}.change SET namespace = 1; UPDATE {schema}.namespace SET id = 1;
        ALTER TABLE {schema}.namespace ALTER COLUMN id DROP DEFAULT;
        ALTER TABLE {schema}.namespace ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START WITH 2)"
    ));
    std::fs::remove_dir_all(place.path().join("derived")).ok();
    let seen = format!("SELECT count(*) FROM {schema}.memory");
    assert_eq!(answer(OWNER, &seen).unwrap().0.as_deref(), Some("1"));
    let memory = open(&place);
    assert_eq!(sql(&format!("SELECT version FROM {schema}.format")).as_deref(), Some("3"));
    assert_eq!(answer(OWNER, &seen).unwrap().0.as_deref(), Some("0"));
    let ann = user(&memory, "acme", "ann");
    assert_eq!(found(&ann, "format"), ["kept since format 2"]);
    // What was there keeps its number; what comes draws one.
    assert_eq!(ann.get(&id).unwrap().0.content, "kept since format 2");
    ann.store(&Scope::Org, Draft::new("stored in format 3")).unwrap();
    let lot = format!("SELECT 1 FROM {schema}.namespace WHERE id > 1099511627776");
    assert!(sql(&lot).is_some());
    let guarded = format!(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = '{schema}' AND relrowsecurity AND relforcerowsecurity"
    );
    assert_eq!(sql(&guarded), Some(GUARDED.len().to_string()));
}

#[test]
fn a_role_that_cannot_tend_the_tables_is_refused_and_told_what_would_do() {
    if !Schema::is_there() {
        return;
    }
    let place = Place::in_postgres();
    let schema = place.schema().unwrap();
    let memory = open(&place);
    store(&user(&memory, "acme", "ann"), "hello");
    drop(memory);
    let role = Role::with_rights_in(schema);
    let open = || Memory::builder(place.path()).postgres(of_role(&role.0, schema)).embedder(Letters).open();
    let refused = open().unwrap_err().to_string();
    assert!(refused.starts_with("postgres: this role may not tend the tables"), "{refused}");
    sql(&format!("GRANT {OWNER} TO {}", role.0));
    let memory = open().unwrap();
    assert_eq!(found(&user(&memory, "acme", "ann"), "hello"), ["hello"]);
    memory.erase("acme", "ann").unwrap();
    assert_eq!(sql(&format!("SELECT count(*) FROM {schema}.memory")).as_deref(), Some("0"));
    drop(memory);
}

/// Whoever removes a memory removes what others, whom they do not see, made of it.
#[test]
fn what_hangs_on_a_memory_goes_with_it_wherever_it_is() {
    if !Schema::is_there() {
        return;
    }
    let place = Place::in_postgres();
    let memory = open(&place);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let shared = bob.store(&Scope::Org, Draft::new("the org meets on friday")).unwrap().id;
    let digest = store(&ann, "digest: meets on friday");
    let other = store(&ann, "bring the minutes");
    ann.link(&digest, Relation::Digest, &shared).unwrap();
    ann.link(&other, Relation::Related, &shared).unwrap();
    bob.delete(&shared).unwrap();
    assert!(ann.get(&digest).is_err() && ann.get(&other).is_ok());
    let schema = place.schema().unwrap();
    let left = |table: &str| sql(&format!("SELECT count(*) FROM {schema}.{table}"));
    assert_eq!((left("link").as_deref(), left("memory").as_deref()), (Some("0"), Some("1")));
    let stored = format!("SELECT count(*) FROM {schema}.stored WHERE memories <> 1");
    assert_eq!(sql(&stored).as_deref(), Some("0"));
    // The audit of what is denied goes on: that something is there is known to the engine, and to nobody else.
    let eve = memory.of(Access::new("other", "eve"));
    assert!(eve.get(&other).is_err());
}
