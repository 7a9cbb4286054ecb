//! What is wrong with a server shows when it is built.

use mcp_core::protocol::RawJson;
use mcp_core::server::{BuildError, prompt, resource, template, tool};
use mcp_core::{Server, State};

use super::{builder, named};

#[derive(Clone)]
struct Database;

fn check(built: Result<Server, BuildError>, expect: &str) {
    assert_eq!(built.unwrap_err().to_string(), expect);
}

#[test]
fn a_missing_state() {
    let missing = |what: &str| {
        format!(
            "{what}: the handler takes `State<it::server::building::Database>`: give the builder such a value with `.state(…)`"
        )
    };
    let of_tool = || tool("t", async |State(_): State<Database>| "");
    check(builder().tool(of_tool()).build(), &missing("tool `t`"));
    let of_prompt = prompt("p", async |State(_): State<Database>| "");
    check(builder().prompt(of_prompt).build(), &missing("prompt `p`"));
    let of_resource = resource("r:1", "r", async |State(_): State<Database>| "");
    check(builder().resource(of_resource).build(), &missing("resource `r:1`"));
    let of_template = template("r:{id}", "r", async |State(_): State<Database>| "");
    check(builder().template(of_template).build(), &missing("resource `r:{id}`"));
    assert!(builder().state(Database).tool(of_tool()).build().is_ok());
    let running = builder().build().unwrap();
    assert_eq!(running.add_tool(of_tool()).unwrap_err().to_string(), missing("tool `t`"));
}

#[test]
fn a_name_given_twice() {
    check(
        builder().tool(named("a")).tool(named("a")).build(),
        "tool `a` exists already: names must be unique, rename one or mount it under a namespace",
    );
    let inner = builder().tool(named("b")).build().unwrap();
    check(
        builder().tool(named("in_b")).mount("in", &inner).build(),
        "tool `in_b` exists already: names must be unique, rename one or mount it under a namespace",
    );
}

#[test]
fn names_and_schemas() {
    let names = "names have 1 to 128 characters out of A-Z a-z 0-9 _ - . / :";
    for name in ["", "two words", "ünïcode", "a\nb"] {
        check(builder().tool(tool(name, async || "")).build(), &format!("tool `{name}`: {names}"));
    }
    let text = RawJson::from_string(r#"{"type":"string"}"#.to_owned()).unwrap();
    check(
        builder().tool(named("a").input_schema(text)).build(),
        "tool `a`: the input schema must have `\"type\": \"object\"`: take a struct in `Args`",
    );
}
