"""What our client must get from a server: for each check the steps of its plan, and how to judge what came of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

Told = dict
ROOT = "file:///tmp/interop"
SAID = "canned words"


class Wrong(Exception):
    """A check failed; the text says what came instead."""


@dataclasses.dataclass
class Check:
    """Steps, and a judge that takes what came of each and what was heard; it raises if that is wrong."""

    name: str
    steps: list[dict]
    judge: Callable[[list[Told], Told], None]


def expect(found, wanted) -> None:
    if found != wanted:
        raise Wrong(f"got {str(found)[:300]}, wanted {str(wanted)[:200]}")


def holds(found, *wanted) -> None:
    for item in wanted:
        if item not in found:
            raise Wrong(f"`{item}` is not in {str(found)[:300]}")


def ok(told: Told):
    if "ok" not in told:
        raise Wrong(str(told.get("error", told))[:400])
    return told["ok"]


def text(told: Told) -> str:
    """The text of a call that went well."""
    result = ok(told)
    if result.get("isError"):
        raise Wrong(f"the tool failed: {str(result)[:300]}")
    return "\n".join(block.get("text", "") for block in result["content"])


def call(tool: str, **arguments) -> dict:
    return {"do": "call", "tool": tool, "arguments": arguments}


def says(name: str, step: dict, *wanted: str) -> Check:
    return Check(name, [step], lambda told, _: holds(text(told[0]), *wanted))


def names(name: str, what: str, member: str, *wanted: str) -> Check:
    return Check(name, [{"do": what}], lambda told, _: holds([item[member] for item in ok(told[0])], *wanted))


def reports(name: str, step: dict, *wanted: float) -> Check:
    def judge(told: list[Told], _heard: Told) -> None:
        text(told[0])
        expect([report["progress"] for report in told[0]["progress"]], list(wanted))

    return Check(name, [step], judge)


def fails(name: str, step: dict, wanted: str) -> Check:
    def judge(told: list[Told], _heard: Told) -> None:
        expect(ok(told[0]).get("isError"), True)
        holds(str(told[0]), wanted)

    return Check(name, [step], judge)


def refused(name: str, step: dict) -> Check:
    """Servers differ on what an unknown tool is: an error of the protocol, or a result that says so."""

    def judge(told: list[Told], _heard: Told) -> None:
        if not told[0].get("ok", {}).get("isError"):
            expect(told[0].get("error", told[0]).get("kind"), "rpc")

    return Check(name, [step], judge)


def structured(name: str, step: dict, wanted) -> Check:
    return Check(name, [step], lambda told, _: holds(str(ok(told[0]).get("structuredContent")), wanted))


def logs(told: list[Told], heard: Told) -> None:
    text(told[0])
    holds(str(heard["logs"]), "said aloud")


def changes(told: list[Told], _heard: Told) -> None:
    text(told[0]["made"])
    expect(ok(told[0]), "tools")


def reconnects(told: list[Told], _heard: Told) -> None:
    for step in told:
        ok(step)


GROW = {"do": "change", "filter": {"toolsListChanged": True}, "by": call("grow")}
GREETING = "hello from a resource"
COMMON = [
    Check("ping", [{"do": "ping"}], lambda told, _: ok(told[0]) and None),
    names("tools", "tools", "name", "echo", "add", "slow"),
    names("pages", "resources", "uri", *(f"test://{name}" for name in ("greeting", "one", "two", "three", "four"))),
    names("templates", "templates", "uriTemplate", "test://items/{id}"),
    names("prompts", "prompts", "name", "greet"),
    says("call", call("echo", message="hi, «you» \U0001f980"), "hi, «you» \U0001f980"),
    structured("structured", call("add", a=2, b=3), "5"),
    reports("progress", call("steps"), 1, 2, 3),
    fails("failure", call("fail"), "always fails"),
    refused("unknown", call("no-such-tool")),
    Check("read", [{"do": "read", "uri": "test://greeting"}], lambda told, _: holds(str(ok(told[0])), GREETING)),
    Check("expand", [{"do": "read", "uri": "test://items/7"}], lambda told, _: holds(str(ok(told[0])), "item 7")),
    refused("missing", {"do": "read", "uri": "test://missing"}),
    Check(
        "prompt",
        [{"do": "prompt", "name": "greet", "arguments": {"name": "Ada"}}],
        lambda told, _: holds(str(ok(told[0])["messages"]), "Please greet Ada."),
    ),
    Check(
        "completion",
        [{"do": "complete", "prompt": "greet", "argument": "name", "value": "A"}],
        lambda told, _: expect(ok(told[0])["values"], ["Ada", "Alan"]),
    ),
    Check("logs", [call("say")], logs),
    says("elicitation", call("ask"), "accept: Ada"),
    says("sampling", call("think"), SAID),
    says("roots", call("where"), ROOT),
    Check("change", [GROW], changes),
    Check(
        "cancel",
        [{"do": "give_up", "tool": "slow"}, {"do": "until", "tool": "cancelled", "says": "1"}],
        lambda told, _: (ok(told[0]), expect(text(told[1]), "1")) and None,
    ),
    Check("reconnect", [{"do": "close"}, {"do": "ping"}], reconnects),
]

LONG = call("trigger-long-running-operation", duration=0.3, steps=3)
EVERYTHING = [
    names("tools", "tools", "name", "echo", "get-sum", "trigger-sampling-request"),
    names("prompts", "prompts", "name", "simple-prompt"),
    names("templates", "templates", "uriTemplate", "demo://resource/dynamic/text/{resourceId}"),
    says("call", call("get-sum", a=2, b=3), "5"),
    structured("structured", call("get-structured-content", location="Chicago"), "temperature"),
    refused("failure", call("get-sum", a="two")),
    reports("progress", LONG, 1, 2, 3),
    Check("read", [{"do": "read", "uri": "demo://resource/dynamic/text/1"}], lambda told, _: holds(str(ok(told[0])), "1")),
    Check("image", [call("get-tiny-image")], lambda told, _: holds(str(ok(told[0])), "image/png")),
    says("elicitation", call("trigger-elicitation-request"), "Ada"),
    says("url", call("trigger-url-elicitation", url="https://example.com/pay"), "accept"),
    says("sampling", call("trigger-sampling-request", prompt="Who?"), SAID),
    says("roots", call("get-roots-list"), ROOT),
    Check(
        "change",
        [
            {
                "do": "change",
                "filter": {"resourceSubscriptions": ["demo://resource/dynamic/text/1"]},
                "by": call("toggle-subscriber-updates"),
            }
        ],
        lambda told, _: expect(ok(told[0]), {"resource": "demo://resource/dynamic/text/1"}),
    ),
    Check("reconnect", [{"do": "close"}, {"do": "ping"}], reconnects),
]

LISTS = {"common": COMMON, "everything": EVERYTHING}


def filesystem(folder: str) -> list[Check]:
    """The folder comes by roots, which replace those of the command line."""
    path = f"{folder}/note.txt"
    return [
        names("tools", "tools", "name", "read_text_file", "write_file"),
        says("roots", call("list_allowed_directories"), folder),
        says("write", call("write_file", path=path, content="kept"), path),
        says("read", call("read_text_file", path=path), "kept"),
        refused("outside", call("read_text_file", path="/etc/hostname")),
    ]


def memory() -> list[Check]:
    entity = {"name": "Ada", "entityType": "person", "observations": ["counts"]}
    return [
        says("write", call("create_entities", entities=[entity]), "Ada"),
        says("read", call("read_graph"), "counts"),
        structured("structured", call("search_nodes", query="Ada"), "person"),
    ]
