"""Memory, guardrails and patterns."""

from __future__ import annotations

import pathlib
import threading

import pytest

from engify_mcp import (
    AccessError,
    Guardrails,
    McpError,
    Memory,
    MemoryStoreError,
    NotFoundError,
    PatternError,
    Patterns,
    RuleError,
)

RULES = """
rules:
  - id: no-force-push
    tool: git_push
    when: { /force: true, /branch: { glob: [main, 'release/*'] } }
    then: block
    message: push to {/branch} without force
"""


def test_memory(tmp_path: pathlib.Path) -> None:
    memory = Memory(tmp_path / "memory", workspaces=["team"])
    id = memory.store("We use PostgreSQL for billing.", tags=["database"], metadata={"by": "ann"}, importance=0.5)
    assert memory.store("We use PostgreSQL for billing.") == id
    other = memory.store_all(["The sky is blue.", {"content": "Lunch is at noon.", "tags": ["food"]}])
    assert len(other) == 2 and memory.count() == 3
    hit = memory.search("which database for billing", limit=1)[0]
    assert hit["record"]["id"] == id and hit["score"] > 0 and hit["scope"] == "private"
    assert memory.search("anything", filter={"tags": "food"})[0]["record"]["content"] == "Lunch is at noon."
    assert memory.update(id, content="We use PostgreSQL 18 for billing.") == 2
    assert memory.get(id)["content"].startswith("We use PostgreSQL 18")
    assert memory.history(id)[0]["content"] == "We use PostgreSQL for billing."
    newer = memory.supersede(id, "We use MySQL for billing.")
    assert newer not in (id, *other)
    assert {record["id"] for record in memory.list()} == {newer, *other}
    memory.delete(other[0])
    with pytest.raises(NotFoundError, match=f"no memory `{other[0]}`"):
        memory.get(other[0])
    shared = memory.store("The team meets on Monday.", scope="workspace:team")
    assert memory.search("team meets", scopes=["workspace:team"])[0]["record"]["id"] == shared


def test_memories_are_for_whom_they_belong_to(tmp_path: pathlib.Path) -> None:
    ann = Memory(tmp_path / "memory", org="acme", user="ann")
    bob = ann.of("acme", "bob")
    secret = ann.store("Ann's password is in the safe.")
    assert bob.search("password") == []
    with pytest.raises(NotFoundError):
        bob.get(secret)
    with pytest.raises(AccessError, match="workspace:other"):
        bob.store("x", scope="workspace:other")
    receipt = ann.erase()
    assert receipt["memories"] == 1 and ann.count() == 0


def test_wrong_memories_are_named(tmp_path: pathlib.Path) -> None:
    memory = Memory(tmp_path / "memory")
    with pytest.raises(MemoryStoreError, match="scope: must be"):
        memory.store("x", scope="mine")
    with pytest.raises(MemoryStoreError, match="id: must be a UUID"):
        memory.get("5")
    with pytest.raises(ValueError, match="unknown field `contents`"):
        memory.store_all([{"contents": "x"}])
    with pytest.raises(ValueError, match="filter: "):
        memory.search("x", filter={"nonsense": 1})
    with pytest.raises(McpError):
        memory.store("")


def test_threads_share_a_memory(tmp_path: pathlib.Path) -> None:
    memory = Memory(tmp_path / "memory")
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                memory.store(f"thread {number}, step {step}")
                assert memory.search(f"thread {number}")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems and memory.count() == 40


def test_guardrails(tmp_path: pathlib.Path) -> None:
    guard = Guardrails(RULES)
    assert guard.rules() == ["no-force-push"]
    blocked = guard.evaluate(tool="git_push", arguments={"force": True, "branch": "release/2"})
    assert (blocked["effect"], blocked["rule"]) == ("block", "no-force-push")
    assert blocked["message"] == "push to release/2 without force"
    assert guard.evaluate(tool="git_push", arguments={"force": False, "branch": "main"})["effect"] == "allow"
    reason = guard.explain(tool="git_push", arguments={"force": True, "branch": "dev"})[0]
    assert not reason["applies"] and "branch" in reason["failing"]
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    assert Guardrails(path).rules() == ["no-force-push"]
    assert "mass-delete" in Guardrails.packs()
    packs = Guardrails(packs=["mass-delete", "destructive-commands"])
    assert packs.evaluate(tool="sql", arguments={"query": "DELETE FROM users;"})["effect"] == "block"


def test_guardrails_take_out_what_must_not_leave() -> None:
    key = "ghp_" + "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R"
    guard = Guardrails("rules:\n  - { id: keys, phase: result, when: { detector: secrets, min_score: 0.8 }, then: redact }\n")
    result = {"content": [{"type": "text", "text": f"the key is {key}"}]}
    decision = guard.evaluate(phase="result", tool="read", arguments={}, result=result)
    assert (decision["effect"], decision["rule"]) == ("redact", "keys")
    assert decision["redacted"]["result"]["content"][0]["text"] == "the key is [redacted]"
    assert result["content"][0]["text"].endswith(key), "what was given stays as it was"
    assert guard.evaluate(tool="read", arguments={"key": key})["effect"] == "allow", "the rule is about results"


def test_wrong_rules_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RuleError, match=r"rules:3: .*then") as caught:
        Guardrails("rules:\n  - id: a\n    then: blokc\n    tool: x\n")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(FileNotFoundError, match="cannot read"):
        Guardrails(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match="there is no `nothing`; there are lethal-trifecta"):
        Guardrails(packs=["nothing"])
    guard = Guardrails(RULES)
    with pytest.raises(ValueError, match="needs a `prompt`, a `tool` or a `path`"):
        guard.evaluate()
    with pytest.raises(ValueError, match="unknown field `tol`"):
        guard.evaluate(tol="x")
    with pytest.raises(RuleError):
        guard.replace("rules: 5\n")
    assert guard.rules() == ["no-force-push"]


def test_patterns(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "skills" / "write-haiku"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(
        "---\nname: write-haiku\ndescription: Writes a haiku about frogs and ponds. Use it for short poems.\n---\n# Steps\n"
    )
    entries = [{"name": "bake-bread", "description": "Bakes bread with sourdough.", "body": "# Steps", "tags": ["food"]}]
    patterns = Patterns([tmp_path / "skills"], entries=entries, learned=tmp_path / "learned.db")
    assert {"skill:write-haiku", "skill:bake-bread", "skill:root-cause-analysis"} <= {e["id"] for e in patterns.entries()}
    found = patterns.recommend("write a haiku about a frog")
    assert found["picks"][0]["entry"]["id"] == "skill:write-haiku" and found["picks"][0]["reasons"]
    patterns.feedback(found["exposure"], "skill:write-haiku", "accepted")
    assert patterns.search("sourdough")[0]["entry"]["name"] == "bake-bread"
    assert patterns.get("skill:bake-bread")["body"] == "# Steps"
    assert patterns.report()["problems"] == []
    with pytest.raises(NotFoundError, match="no entry `skill:x`"):
        patterns.get("skill:x")
    with pytest.raises(PatternError, match="was not shown there"):
        patterns.feedback(found["exposure"], "skill:x")
    with pytest.raises(ValueError, match="outcome: unknown variant `good`"):
        patterns.feedback(found["exposure"], "skill:write-haiku", "good")
    with pytest.raises(ValueError, match="format: `odd` is none of skills"):
        Patterns({str(tmp_path): "odd"})
    assert Patterns(starter=False).entries() == []
