"""Processes: how they start, stop and fork, and what they load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from engify_mcp import Client, Memory, Server


def started(everything: list[str]) -> tuple[subprocess.Popen[str], str]:
    """A server on a free port, once it answers."""
    script = (
        "import runpy, sys; sys.argv = ['x']; found = runpy.run_path(sys.argv[0] if False else "
        f"{everything[1]!r}); server = found['server']\n"
        "import socket; free = socket.socket(); free.bind(('127.0.0.1', 0)); port = free.getsockname()[1]; free.close()\n"
        "print(port, flush=True); server.run(listen=f'127.0.0.1:{port}'); print('after', flush=True)"
    )
    process = subprocess.Popen([everything[0], "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url = f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
    for _ in range(500):
        try:
            Client(url).ping()
            return process, url
        except ConnectionError:
            assert process.poll() is None
            os.sched_yield()
            subprocess.run(["true"], check=True)  # some time
    raise AssertionError("it does not answer")


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_server_well(everything: list[str], which: signal.Signals) -> None:
    process, url = started(everything)
    with Client(url) as client:
        assert client.call("add", {"a": 1}).data == 3
    process.send_signal(which)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "after\n")


def test_saying_it_twice_does_not_wait(everything: list[str]) -> None:
    process, url = started(everything)
    script = f"from engify_mcp import Client; Client({url!r}).call('slow', {{'seconds': 60}})"
    caller = subprocess.Popen([everything[0], "-c", script], stderr=subprocess.DEVNULL)
    try:
        with Client(url) as client:
            while not client.call("sleepers").data:
                assert caller.poll() is None
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(6) == 0
    finally:
        process.kill()
        caller.kill()
        caller.wait()


def test_ctrl_c_ends_a_waiting_client(everything: list[str]) -> None:
    process, url = started(everything)
    script = (
        # In the background of a shell Python starts with SIGINT ignored.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from engify_mcp import Client\nclient = Client({url!r})\nclient.ping()\nprint('calling', flush=True)\n"
        "try:\n    client.call('slow', {'seconds': 60})\nexcept KeyboardInterrupt:\n    print('interrupted')"
    )
    caller = subprocess.Popen([everything[0], "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert caller.stdout and caller.stdout.readline() == "calling\n"
        with pytest.raises(subprocess.TimeoutExpired):
            caller.wait(0.3)
        caller.send_signal(signal.SIGINT)
        assert caller.communicate(timeout=10)[0] == "interrupted\n" and caller.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_standard_streams(everything: list[str]) -> None:
    with Client(" ".join(everything)) as client:
        assert client.server.name == "everything" and client.server.instructions == "Try things."
        assert client.call("add", {"a": 1}).data == 3
        assert client.call("echo", {"text": "hi"}).text == "hi"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_has_threads_of_its_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    server = Server("forked", "1.0.0")

    @server.tool
    def process() -> int:
        return os.getpid()

    @server.tool
    async def process_async() -> int:
        return os.getpid()

    memory = Memory(tmp_path / "memory")
    assert Client(server).call("process").data == os.getpid()
    assert Client(server).call("process_async").data == os.getpid()
    old = Client(server)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        problems = []
        try:
            with server.start() as running, Client(running.url) as client:
                for tool in ("process", "process_async"):
                    if client.call(tool, timeout=10).data != os.getpid():
                        problems.append(f"{tool} ran elsewhere")
            for use in (lambda: old.call("process"), lambda: memory.count()):
                try:
                    use()
                    problems.append("what belongs to the parent was used")
                except RuntimeError as error:
                    if "before the fork" not in str(error):
                        problems.append(str(error))
        except BaseException as error:  # nothing of pytest may go on in the child
            problems.append(repr(error))
        os.write(write, ("; ".join(problems) or "fine").encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "fine"
    os.waitpid(child, 0)
    assert Client(server).call("process").data == os.getpid()


def test_little_is_loaded() -> None:
    script = "import sys, engify_mcp; engify_mcp.Server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "engify_mcp._server" in loaded
    for module in ("pydantic", "asyncio", "inspect", "dataclasses", "logging", "json", "engify_mcp._client"):
        assert module not in loaded, f"{module} is loaded without need"


def test_asyncio_waits_for_the_first_async_call(everything: list[str]) -> None:
    script = (
        "import sys\nfrom engify_mcp import Client, Server\nserver = Server('s', '1')\n"
        "@server.tool\nasync def loaded() -> bool:\n    return 'asyncio' in sys.modules\n"
        "@server.tool\ndef before() -> bool:\n    return 'asyncio' in sys.modules\n"
        "with server.start() as running:\n    client = Client(running.url)\n"
        "    print([client.call(tool).data for tool in ('before', 'loaded', 'before', 'loaded')])\n    client.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[False, True, True, True]", done.stderr


def test_an_asyncio_that_cannot_start_is_told_and_tried_again() -> None:
    script = (
        "import sys\nfrom engify_mcp import Client, RpcError, Server\nserver = Server('s', '1')\n"
        "@server.tool\nasync def there() -> str:\n    return 'yes'\n"
        "sys.modules['asyncio'] = None\nclient = Client(server)\n"
        "try:\n    client.call('there', timeout=20)\nexcept RpcError as error:\n    print(error)\n"
        "del sys.modules['asyncio']\nprint(client.call('there', timeout=20).text)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["the function ended without an answer", "yes"], done.stderr
    assert "asyncio" in done.stderr, "whoever runs the server reads why"


def test_the_command_serves_a_file(everything: list[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    with Client(f"{everything[0]} -m engify_mcp run {everything[1]}") as client:
        assert client.call("add", {"a": 2}).data == 4
    (tmp_path / "none.py").write_text("x = 1\n")
    command = [everything[0], "-m", "engify_mcp", "run", str(tmp_path / "none.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "has 0 servers" in done.stderr


def test_an_address_that_is_open_to_others_is_refused(server: Server) -> None:
    with pytest.raises(OSError, match="can be reached from other machines"):
        server.run(listen="0.0.0.0:0")
    with pytest.raises(OSError, match="cannot listen on `nowhere`"):
        server.run(listen="nowhere")
