"""Guardrails before a server: lists, calls and results, for one caller and another."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tokens import AUDIENCE, ISSUER, SECRET, token

from engify_mcp import Auth, Client, Guardrails, RuleError, Server, ToolError

KEY = "ghp_" + "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R"
RULES = """
rules:
  - id: no-force-push
    tool: git_push
    when: { /force: true, /branch: { glob: [main, 'release/*'] } }
    then: block
    message: push to {/branch} without force
  - id: hidden
    phase: list
    tool: internal_*
    then: block
    message: nobody needs it
  - id: keys
    phase: result
    when: { detector: secrets, min_score: 0.8 }
    then: redact
  - id: only-admins
    tool: drop
    unless: { role: admin }
    then: block
    message: ask an admin
  - id: four-eyes
    tool: pay
    then: require_approval
    message: somebody else looks at it
"""


def forge(guardrails: Guardrails, **others: Any) -> tuple[Server, list[str]]:
    """A server, and what its functions did."""
    server = Server("forge", "1.0.0", guardrails=guardrails, **others)
    done: list[str] = []

    @server.tool
    def git_push(branch: str, force: bool = False) -> str:
        done.append(f"push {branch} {force}")
        return "pushed"

    @server.tool
    async def read(name: str) -> str:
        done.append(f"read {name}")
        return f"the key is {KEY}"

    @server.tool
    def internal_reset() -> str:
        done.append("reset")
        return "reset"

    @server.tool
    def drop(table: str) -> str:
        done.append(f"drop {table}")
        return "dropped"

    @server.tool
    def pay(amount: int) -> str:
        done.append(f"pay {amount}")
        return f"paid {amount}"

    return server, done


@pytest.fixture(params=["memory", "http"])
def guarded(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    guard = Guardrails(RULES)
    server, done = forge(guard)
    if request.param == "memory":
        yield guard, done, server, lambda **options: Client(server, **options)
        return
    with server.start() as running:
        yield guard, done, server, lambda **options: Client(running.url, **options)


def test_rules_stand_before_all_tools(guarded: Any) -> None:
    guard, done, _, client = guarded
    with client() as one:
        assert "internal_reset" not in [tool.name for tool in one.tools()]
        with pytest.raises(ToolError, match="push to release/2 without force"):
            one.call("git_push", {"branch": "release/2", "force": True})
        assert done == [], "what is refused never reaches the function"
        assert one.call("git_push", {"branch": "release/2"}).text == "pushed"
        assert one.call("read", {"name": "x"}).text == "the key is [redacted]"
        assert done == ["push release/2 False", "read x"]
        # What is put in force afterwards counts at once.
        guard.replace("rules: [{ id: no-read, tool: read, then: block, message: 'not today' }]\n")
        with pytest.raises(ToolError, match="not today"):
            one.call("read", {"name": "x"})
        assert one.call("git_push", {"branch": "release/2", "force": True}).text == "pushed"


def test_a_person_is_asked(guarded: Any) -> None:
    _, done, _, client = guarded
    asked: list[str] = []

    def approve(message: str, schema: dict[str, Any]) -> dict[str, Any]:
        asked.append(message)
        return {"approve": True}

    with client(elicit=approve) as one:
        assert one.call("pay", {"amount": 5}).text == "paid 5"
    assert done == ["pay 5"] and len(asked) == 1 and "somebody else looks at it" in asked[0]
    with client(elicit=lambda message, schema: None) as one, pytest.raises(ToolError):
        one.call("pay", {"amount": 6})
    assert done == ["pay 5"]


def test_or_an_operator_approves_it(guarded: Any) -> None:
    _, done, server, client = guarded
    with client() as one:
        assert server.pending() == []
        with pytest.raises(ToolError, match="somebody else looks at it"):
            one.call("pay", {"amount": 7})
        (waiting,) = server.pending()
        assert (waiting["tool"], waiting["rule"]) == ("pay", "four-eyes") and waiting["until"] > 0
        server.approve(waiting["digest"])
        with pytest.raises(ToolError):
            one.call("pay", {"amount": 8})
        assert one.call("pay", {"amount": 7}).text == "paid 7"
        with pytest.raises(ToolError):
            one.call("pay", {"amount": 7})
    assert done == ["pay 7"], "once"
    with pytest.raises(LookupError, match="no call waits"):
        server.approve("0" * 64)
    with pytest.raises(ValueError, match="digest: `x` is none"):
        server.approve("x")


def test_rules_know_who_calls() -> None:
    auth = Auth(issuer=ISSUER, audience=AUDIENCE, secret=SECRET)
    server, done = forge(Guardrails(RULES), auth=auth)
    with server.start() as running:
        admin = Client(running.url, token=token("ann", role="admin"))
        other = Client(running.url, token=token("bob", role="editor"))
        assert admin.call("drop", {"table": "users"}).text == "dropped"
        with pytest.raises(ToolError, match="ask an admin"):
            other.call("drop", {"table": "users"})
        # Who approves it for one caller does not for another.
        for client in (admin, other):
            with pytest.raises(ToolError):
                client.call("pay", {"amount": 1})
        assert len(server.pending()) == 2
        for waiting in server.pending()[:1]:
            server.approve(waiting["digest"])
        assert admin.call("pay", {"amount": 1}).text == "paid 1"
        with pytest.raises(ToolError):
            other.call("pay", {"amount": 1})
        for client in (admin, other):
            client.close()
    assert done == ["drop users", "pay 1"]


def test_over_standard_streams(tmp_path) -> None:  # type: ignore[no-untyped-def]
    script = tmp_path / "server.py"
    script.write_text(
        "from engify_mcp import Guardrails, Server\n"
        "server = Server('s', guardrails=Guardrails(\"rules: [{ id: a, tool: wipe, then: block, message: 'delete single files' }]\\n\"))\n"
        "@server.tool\ndef wipe() -> str:\n    return 'gone'\n\nserver.run()\n"
    )
    with Client(f"{sys.executable} {script}") as client, pytest.raises(ToolError, match="delete single files"):
        client.call("wipe")


def test_wrong_rules_are_told_at_construction() -> None:
    with pytest.raises(RuleError, match="then"):
        Server("x", guardrails=Guardrails("rules: [{ id: a, tool: x, then: blokc }]\n"))
    with pytest.raises(TypeError, match="guardrails: a `Guardrails` is needed, not a `str`"):
        Server("x", guardrails="rules.yaml")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="has no guardrails"):
        Server("x").pending()
