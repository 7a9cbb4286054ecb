"""What every Python client must get from our servers, whatever its SDK: the scripts only adapt their client to `Peer`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

ANSWER = "Ada"
# Looks like a token of GitHub and is none.
KEY = "ghp_" + "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R"


class Peer(Protocol):
    """A connected client, reduced to what the checks use."""

    revision: str

    async def tools(self) -> list[str]: ...
    async def call(self, name: str, arguments: dict[str, Any], progress: Callable | None = None) -> tuple[str, bool]: ...
    async def resources(self) -> list[str]: ...
    async def read(self, uri: str) -> str: ...
    async def prompts(self) -> list[str]: ...
    async def prompt(self, name: str, arguments: dict[str, str]) -> str: ...


def expect(got: Any, wanted: Any) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def expect_in(wanted: Any, got: Any) -> None:
    if wanted not in got:
        raise AssertionError(f"{wanted!r} is not in {got!r}")


async def echo(peer: Peer) -> None:
    names = await peer.tools()
    expect_in("echo", names)
    expect_in("add", names)
    for message in ("hello", "", 'Grüße, 世界 \U0001f980 "quoted"\n\u2028'):
        expect(await peer.call("echo", {"message": message}), (message, False))
    text, failed = await peer.call("add", {"a": 40, "b": 2})
    expect(failed, False)
    expect_in("42", text)


async def tools(peer: Peer) -> None:
    expect_in("test_simple_text", await peer.tools())
    expect(await peer.call("test_simple_text", {}), ("This is a simple text response for testing.", False))
    text, failed = await peer.call("test_error_handling", {})
    expect(failed, True)
    expect_in("intentionally returns an error", text)


async def resources(peer: Peer) -> None:
    expect_in("test://static-text", await peer.resources())
    expect(await peer.read("test://static-text"), "This is the content of the static text resource.")


async def prompts(peer: Peer) -> None:
    expect_in("test_simple_prompt", await peer.prompts())
    expect(await peer.prompt("test_simple_prompt", {}), "This is a simple prompt for testing.")
    text = await peer.prompt("test_prompt_with_arguments", {"arg1": "one", "arg2": "two"})
    expect(text, "Prompt with arguments: arg1='one', arg2='two'")


async def progress(peer: Peer) -> None:
    seen: list[float] = []

    async def note(progress: float, total: float | None = None, message: str | None = None) -> None:
        seen.append(progress)
        expect(total, 100)

    _, failed = await peer.call("test_tool_with_progress", {}, note)
    expect(failed, False)
    expect(seen, [0, 50, 100])


async def elicitation(peer: Peer) -> None:
    if peer.revision >= "2026-07-28":
        expect(await peer.call("test_input_required_result_elicitation", {}), (f"Hello, {ANSWER}!", False))
        return
    text, failed = await peer.call("test_elicitation", {"message": "Who is there?"})
    expect(failed, False)
    expect_in("action=accept", text)
    expect_in(ANSWER, text)


async def sampling(peer: Peer) -> None:
    expect(await peer.call("test_sampling", {"prompt": "Who?"}), (f"LLM response: {ANSWER}", False))


async def stack(peer: Peer) -> None:
    """`mcp up`: what is stored is found, without the credential in it; a skill that fits a task; rules that are asked."""
    names = await peer.tools()
    for name in ("memory_store", "memory_search", "patterns_recommend", "guardrails_evaluate"):
        expect_in(name, names)
    memory = {"content": f"The archive of the bakery moves to Porto on {KEY}"}
    text, failed = await peer.call("memory_store", {"memories": [memory]})
    expect((failed, text if failed else ""), (False, ""))
    text, _ = await peer.call("memory_search", {"query": "where does the archive of the bakery move"})
    expect_in("Porto", text)
    expect(KEY in text, False)
    text, _ = await peer.call("patterns_recommend", {"task": "find the root cause of the incident from logs and deploys"})
    expect_in("root-cause-analysis", text)
    event = {"phase": "call", "tool": "memory_store", "arguments": {"memories": [memory]}}
    text, _ = await peer.call("guardrails_evaluate", {"event": event})
    expect_in("stored-secret", text)


CHECKS: dict[str, Callable[[Peer], Awaitable[None]]] = {
    check.__name__: check for check in (echo, tools, resources, prompts, progress, elicitation, sampling, stack)
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--revision", required=True, help="the revision that must be negotiated")
    parser.add_argument("--checks", required=True, type=lambda text: text.split(","), help="comma-separated")
    parser.add_argument("--url", help="HTTP endpoint; /sse at its end means HTTP+SSE")
    parser.add_argument("command", nargs="*", help="after `--`: the stdio server")
    return parser.parse_args()


def main(run: Callable[[argparse.Namespace, Callable[[Peer], Awaitable[None]]], Awaitable[None]]) -> None:
    """Connects by `run(options, body)` and reports each check; the exit code is 1 when one failed."""
    options = arguments()
    failed: list[str] = []

    async def body(peer: Peer) -> None:
        expect(peer.revision, options.revision)
        for name in options.checks:
            try:
                await asyncio.wait_for(CHECKS[name](peer), 20)
                print(f"ok {name}", flush=True)
            except Exception as error:
                failed.append(name)
                print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)

    asyncio.run(run(options, body))
    sys.exit(1 if failed else 0)
