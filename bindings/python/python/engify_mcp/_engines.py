"""Memory, guardrails and patterns, without a server between."""

from __future__ import annotations

import os

from . import _engify
from ._errors import AccessError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


class Memory:
    """What is worth remembering, in a directory: encrypted, searched by words and by meaning. No server, no download.

    Every caller (`org`, `user`) has memories of their own, those of the organisation, and those of the `workspaces` named.
    All methods block without the GIL; use them from threads as you like.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        org: str = "local",
        user: str = "local",
        workspaces: Sequence[str] = (),
        encrypt: bool = True,
        embed: bool = True,
    ) -> None:
        self._native = _engify.Memory(os.fspath(directory), org, user, list(workspaces), encrypt=encrypt, embed=embed)

    def of(self, org: str, user: str, workspaces: Sequence[str] = ()) -> Memory:
        """The same memory as another caller has it. Say who calls from what you know, never from what they say."""
        other = Memory.__new__(Memory)
        other._native = self._native.of(org, user, list(workspaces))
        return other

    def of_principal(self, principal: Mapping[str, Any] | None) -> Memory:
        """The same memory as the caller of a tool has it: `memory.of_principal(context.principal)`.

        All have memories of their own and read those of their organisation; the scope `memory:org` lets them write those, and
        `workspace:NAME` read and write a workspace's.
        """
        if principal is None:
            raise AccessError("nobody says who calls: give the server an `auth`, and serve it over HTTP")
        other = Memory.__new__(Memory)
        other._native = self._native.of_principal(principal)
        return other

    def store(
        self,
        content: str,
        *,
        scope: str = "private",
        type: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: str | None = None,
        speaker: str | None = None,
        source: str | None = None,
        importance: float | None = None,
        expires: int | None = None,
    ) -> str:
        """Stores a memory, and returns its identifier; that of the one which says the same, where there is one.

        `scope` is "private", "org" or "workspace:NAME". Times are milliseconds since 1970.
        """
        draft = _draft(content, type, tags, metadata, session, speaker, source, importance, expires)
        identifier: str = self._native.store(scope, draft)["id"]
        return identifier

    def store_all(self, memories: Sequence[Mapping[str, Any] | str], *, scope: str = "private") -> list[str]:
        """Stores memories, all or none: texts, or what `store` takes as dicts."""
        drafts = [{"content": memory} if isinstance(memory, str) else dict(memory) for memory in memories]
        return [stored["id"] for stored in self._native.store_all(scope, drafts)]

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        scopes: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        superseded: bool = False,
    ) -> list[dict[str, Any]]:
        """The best memories for words or a question: each with `record`, `scope`, `score` and `explain`."""
        found: list[dict[str, Any]] = self._native.search(query, limit, scopes and list(scopes), filter, superseded)
        return found

    def get(self, id: str) -> dict[str, Any]:
        """A memory."""
        record: dict[str, Any] = self._native.get(id)["record"]
        return record

    def update(self, id: str, **changes: Any) -> int:
        """Changes a memory: `content`, `type`, `tags`, `metadata`, `importance`… Returns its version."""
        version: int = self._native.update(id, changes)
        return version

    def supersede(self, id: str, content: str, **fields: Any) -> str:
        """Stores a memory in the place of another, which stays readable and counts no longer."""
        identifier: str = self._native.supersede(id, {"content": content, **fields})["id"]
        return identifier

    def history(self, id: str) -> list[dict[str, Any]]:
        """What a memory said before, oldest first."""
        past: list[dict[str, Any]] = self._native.history(id)
        return past

    def delete(self, id: str) -> None:
        """Deletes a memory with its history."""
        self._native.delete(id)

    def list(
        self, *, scope: str = "private", limit: int = 100, filter: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """The memories of a scope, the newest first."""
        records: list[dict[str, Any]] = self._native.list(scope, limit, filter)
        return records

    def count(self, *, scope: str = "private") -> int:
        """How many memories there are in a scope."""
        count: int = self._native.count(scope)
        return count

    def erase(self, *, org: str | None = None, user: str | None = None) -> dict[str, Any]:
        """Forgets a person: everything they stored, and the key without which no backup can be read. Returns a receipt."""
        receipt: dict[str, Any] = self._native.erase(org, user)
        return receipt


def _draft(
    content: str,
    type: str | None,
    tags: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    session: str | None,
    speaker: str | None,
    source: str | None,
    importance: float | None,
    expires: int | None,
) -> dict[str, Any]:
    fields = {
        "content": content,
        "type": type,
        "tags": tags and [*tags],
        "metadata": metadata,
        "session": session,
        "speaker": speaker,
        "source": source,
        "importance": importance,
        "expires": expires,
    }
    return _said(fields)


class Guardrails:
    """Rules that decide over prompts, tool calls, results and files.

    `rules` is the path of a file, or a text of YAML; `packs` are rules that are ready, by name (`Guardrails.packs()`).
    """

    def __init__(
        self,
        rules: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
        *,
        packs: Sequence[str] = (),
    ) -> None:
        self._native = _engify.Guardrails(*_sources(rules), list(packs))

    @staticmethod
    def packs() -> list[str]:
        """The names of the packs."""
        return _engify.Guardrails.packs()

    def replace(
        self,
        rules: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
        *,
        packs: Sequence[str] = (),
    ) -> None:
        """Puts other rules in force. Those in force stay where these cannot be used."""
        self._native.replace(*_sources(rules), list(packs))

    def evaluate(self, **event: Any) -> dict[str, Any]:
        """What the rules say of something that happens: of a `prompt`; of a call (`tool`, `arguments`), its `result`, or a
        tool's `definition`; or of a file (`path`, `content`). More may be said: `user`, `roles`, `environment`, `labels`…

        `effect` is "allow", "suggest", "flag", "redact", "require_approval" or "block"; `rule` and `message` say why;
        `redacted` has what is left where something is to be taken out.
        """
        decision: dict[str, Any] = self._native.evaluate(event)
        return decision

    def explain(self, **event: Any) -> list[dict[str, Any]]:
        """Why rules apply, and what keeps others from it, those that nearly apply first."""
        rules: list[dict[str, Any]] = self._native.explain(event)
        return rules

    def rules(self) -> list[str]:
        """The ids of the rules in force."""
        return self._native.rules()


def _sources(rules: Any) -> tuple[list[tuple[str, str]], list[str]]:
    """Texts with their formats, and files."""
    texts, files = [], []
    for source in [rules] if isinstance(rules, (str, os.PathLike)) else rules:
        if isinstance(source, str) and "\n" in source:
            texts.append((source, "json" if source.lstrip().startswith("{") else "yaml"))
        else:
            files.append(os.fspath(source))
    return texts, files


class Patterns:
    """Skills, prompts and patterns of folders, recommended for a task, and better with feedback.

    `folders` are paths (of Agent Skills), or paths with their format: "skills", "fabric", "commands", "agents",
    "skill-rules". `entries` are dicts of `name`, `description` and `body`. `learned` is a file; without it, what is learned
    is lost with the process. The skills that come with the package are there too, unless `starter` is false.
    """

    def __init__(
        self,
        folders: Sequence[str | os.PathLike[str]] | Mapping[str, str] = (),
        *,
        entries: Sequence[Mapping[str, Any]] = (),
        starter: bool = True,
        learned: str | os.PathLike[str] | None = None,
    ) -> None:
        formats = getattr(folders, "get", lambda _, default: default)
        pairs = [(os.fspath(folder), formats(folder, "skills")) for folder in folders]
        self._native = _engify.Patterns(pairs, list(entries), starter, None if learned is None else os.fspath(learned))

    def recommend(
        self,
        task: str,
        *,
        limit: int = 3,
        tokens: int = 6000,
        kinds: Sequence[str] = (),
        context: Mapping[str, Any] | None = None,
        tenant: str = "local",
    ) -> dict[str, Any]:
        """What fits a task: `picks`, each with `entry`, `probability` and `reasons`; none where nothing fits. `exposure` is
        what `feedback` names. `context` may have `files`, `tools`, `tags`, `recent` and `triggers`."""
        found: dict[str, Any] = self._native.recommend(task, context or {}, limit, tokens, list(kinds), tenant)
        return found

    def feedback(
        self,
        exposure: int,
        entry: str,
        outcome: str = "accepted",
        *,
        principal: str = "local",
        tenant: str = "local",
        share: bool = False,
    ) -> None:
        """Says what became of an entry that was recommended: "accepted", "edited", "rejected" or "ignored"; or, with an empty
        `entry`, that "nothing_fits" the task."""
        self._native.feedback(exposure, entry, outcome, principal, tenant, share)

    def search(self, text: str, *, limit: int = 10) -> list[dict[str, Any]]:
        """Entries that have the words: each with `entry` and `score`."""
        found: list[dict[str, Any]] = self._native.search(text, limit)
        return found

    def get(self, id: str) -> dict[str, Any]:
        """An entry with its body."""
        entry: dict[str, Any] = self._native.get(id)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """All entries: `id`, `kind`, `name`, `description`."""
        entries: list[dict[str, Any]] = self._native.entries()
        return entries

    def report(self) -> dict[str, Any]:
        """What came of loading: how many `entries`, and `problems` with files."""
        report: dict[str, Any] = self._native.report()
        return report

    def reload(self) -> dict[str, Any]:
        """Reads the folders again."""
        report: dict[str, Any] = self._native.reload()
        return report
