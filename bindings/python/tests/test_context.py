"""What functions can do while they run."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from typing import Any

import pytest

from engify_mcp import AsyncClient, AsyncContext, Client, Context, RequestTimeout, RpcError, Server


@dataclasses.dataclass
class Booking:
    guests: int
    name: str = "nobody"


@pytest.fixture
def busy() -> Server:
    server = Server("busy", "1.0.0")

    @server.tool
    def count(upto: int, context: Context) -> str:
        for step in range(upto):
            context.progress(step + 1, upto, f"step {step + 1}")
        context.warning({"counted": upto})
        return f"counted to {upto}"

    @server.tool
    def book(context: Context) -> str:
        answer = context.elicit("Who, and how many?", Booking)
        if not answer.accepted:
            return answer.action
        sure = context.elicit("Sure?", bool)
        return f"{answer.data!r} {sure.data}"

    @server.tool
    async def book_async(context: AsyncContext) -> str:
        answer = await context.elicit("Who, and how many?", Booking)
        return repr(answer.data) if answer.accepted else answer.action

    @server.tool
    async def ask_model(context: AsyncContext) -> str:
        return await context.sample("Say hi", max_tokens=5)

    @server.tool
    def who(context: Context) -> dict[str, Any]:
        return {"client": context.client, "id": context.request_id, "principal": context.principal}

    return server


def test_progress_and_log(busy: Server) -> None:
    steps: list[dict[str, Any]] = []
    logs: list[dict[str, Any]] = []
    with busy.start() as running, Client(running.url, log=logs.append) as client:
        assert client.call("count", {"upto": 3}, progress=steps.append).text == "counted to 3"
        deadline = time.monotonic() + 10
        while (len(steps) < 3 or not logs) and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    assert sorted(step["message"] for step in steps) == ["step 1", "step 2", "step 3"]
    assert logs[0]["level"] == "warning" and logs[0]["data"] == {"counted": 3}


def answer(message: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    return {"value": True} if message == "Sure?" else {"guests": 4}


def test_questions_are_answered(busy: Server) -> None:
    with busy.start() as running:
        with Client(running.url, elicit=answer) as client:
            assert client.call("book").text == "Booking(guests=4, name='nobody') True"
            assert client.call("book_async").text == "Booking(guests=4, name='nobody')"
        with Client(running.url, elicit=lambda message, schema: None) as client:
            assert client.call("book").text == "decline"
        with Client(running.url) as client, pytest.raises(RpcError) as caught:
            client.call("book")
        assert caught.value.code == -32021


def test_questions_are_answered_in_sessions_too(everything: list[str]) -> None:
    # Standard streams of an older revision, with the official client: see test_sdks.py. Here: the same server in memory.
    server = Server("memory", "1.0.0")

    @server.tool
    def book(context: Context) -> str:
        return str(context.elicit("How many?", int).data)

    client = Client(server, elicit=lambda message, schema: {"value": 7})
    assert client.call("book").text == "7"


def test_a_model_is_asked(busy: Server) -> None:
    async def sample(request: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        return f"model says {request['messages'][0]['content']['text']}"

    async def main() -> str:
        with busy.start() as running:
            async with AsyncClient(running.url, sample=sample) as client:
                return (await client.call("ask_model")).text

    assert asyncio.run(main()) == "model says Say hi"


def test_who_calls(busy: Server) -> None:
    with busy.start() as running, Client(running.url) as client:
        told = client.call("who").data
    assert told["client"]["name"] == "engify_mcp" and told["id"] and told["principal"] is None


def test_who_does_not_wait_any_more_ends_the_call() -> None:
    server = Server("slow", "1.0.0")
    ended = threading.Event()
    cancelled = threading.Event()

    @server.tool
    def watch(context: Context) -> str:
        while not context.cancelled:
            threading.Event().wait(0.005)
        ended.set()
        return "too late"

    @server.tool
    async def sleep() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "too late"

    with server.start() as running:
        with Client(running.url) as client:
            for tool, event in (("watch", ended), ("sleep", cancelled)):
                with pytest.raises(RequestTimeout):
                    client.call(tool, timeout=0.2)
                assert event.wait(10), tool

        async def give_up() -> None:
            ended.clear()
            async with AsyncClient(running.url) as client:
                task = asyncio.create_task(client.call("watch"))
                await asyncio.sleep(0.2)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert await asyncio.to_thread(ended.wait, 10)

        asyncio.run(give_up())


def test_a_tool_has_its_time() -> None:
    server = Server("slow", "1.0.0")

    @server.tool(timeout=0.1)
    async def sleep() -> str:
        await asyncio.sleep(60)
        return "too late"

    with pytest.raises(RpcError) as caught:
        Client(server).call("sleep")
    assert caught.value.code == -31002


def test_a_hundred_calls_run_beside_each_other() -> None:
    server = Server("many", "1.0.0")
    together = threading.Barrier(100)
    running_now = 0
    most = 0

    @server.tool
    def meet(number: int) -> int:
        together.wait(30)
        return number

    @server.tool
    async def wait(number: int) -> int:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        while most < 100:
            await asyncio.sleep(0.001)
        return number

    async def main(url: str, tool: str) -> list[int]:
        async with AsyncClient(url) as client:
            results = await asyncio.gather(*(client.call(tool, {"number": number}) for number in range(100)))
        return [result.data for result in results]

    started = time.monotonic()
    with server.start() as running:
        assert asyncio.run(main(running.url, "meet")) == list(range(100))
        assert asyncio.run(main(running.url, "wait")) == list(range(100))
    assert most == 100
    assert time.monotonic() - started < 25, "threads were woken late"


def test_no_call_is_forgotten() -> None:
    """Bursts of short calls, so that threads are woken for work that another has done already."""
    server = Server("bursts", "1.0.0")

    @server.tool
    def add(a: int) -> int:
        return a + 1

    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            for size in range(1, 120):
                calls = (client.call("add", {"a": number}) for number in range(size % 9 + 1))
                results = await asyncio.wait_for(asyncio.gather(*calls), 20)
                assert [result.data for result in results] == [number + 1 for number in range(size % 9 + 1)]

    with server.start() as running:
        asyncio.run(main(running.url))
