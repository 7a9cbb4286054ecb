"""The `mcp` command that comes with the wheel."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from engify_mcp import Client

BIN = pathlib.Path(sys.executable).parent
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MCP_")}


def mcp(*arguments: str, cwd: pathlib.Path, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [BIN / "engify-mcp", *arguments]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, input=given, capture_output=True, text=True, timeout=120)


def test_both_names_are_the_same_command() -> None:
    found = {script.name: script.value for script in entry_points(group="console_scripts") if script.dist and script.dist.name == "engify_mcp"}
    assert found == {"mcp": "engify_mcp._cli:main", "engify-mcp": "engify_mcp._cli:main"}


def test_answers_and_exit_codes(tmp_path: pathlib.Path) -> None:
    version = mcp("--version", cwd=tmp_path)
    assert (version.returncode, version.stdout.split()[0]) == (0, "mcp")
    assert "Usage: mcp" in mcp("--help", cwd=tmp_path).stdout
    nothing = mcp(cwd=tmp_path)
    assert nothing.returncode == 2 and "Usage: mcp" in nothing.stderr
    wrong = mcp("frobnicate", cwd=tmp_path)
    assert wrong.returncode == 2 and "unrecognized subcommand" in wrong.stderr
    failed = mcp("--config", "none.yaml", "config", "show", cwd=tmp_path)
    assert failed.returncode == 1 and failed.stderr.startswith("error: ")
    (tmp_path / "rules.yaml").write_text(
        "rules: [{ id: no-wipe, tool: Bash, when: { /command: { regex: 'rm -rf' } }, then: block, message: 'not so' }]\n"
    )
    event = {"tool": "Bash", "arguments": {"command": "rm -rf /"}}
    explained = mcp("guard", "explain", "--rules", "rules.yaml", json.dumps(event), cwd=tmp_path)
    assert explained.returncode == 0 and "no-wipe" in explained.stdout, explained.stderr
    hook = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": event["arguments"], "cwd": str(tmp_path)}
    stopped = mcp("guard", "hook", "--rules", "rules.yaml", cwd=tmp_path, given=json.dumps({"session_id": "s", **hook}))
    assert "not so" in stopped.stdout + stopped.stderr
    assert stopped.returncode == 2 or json.loads(stopped.stdout), "all of it was written"


def test_it_calls_a_server(tmp_path: pathlib.Path, everything: list[str]) -> None:
    called = mcp("call", " ".join(everything), "add", "a=40", cwd=tmp_path)
    assert (called.returncode, called.stdout.strip()) == (0, "42"), called.stderr
    failed = mcp("call", " ".join(everything), "fail", "kind=tool", cwd=tmp_path)
    assert failed.returncode == 1 and "the disk is full" in failed.stdout + failed.stderr


def test_a_stack_in_the_background(tmp_path: pathlib.Path) -> None:
    """It starts itself again by the script, not by the interpreter."""
    up = mcp("up", "--detach", "--listen", "127.0.0.1:0", "--directory", "stack", cwd=tmp_path)
    assert up.returncode == 0, up.stderr
    try:
        running = json.loads((tmp_path / "stack" / "running.json").read_text())
        listed = mcp("list", f"{running['url']}/mcp", cwd=tmp_path)
        assert listed.returncode == 0 and "memory_store" in listed.stdout, listed.stderr
    finally:
        down = mcp("down", "--directory", "stack", cwd=tmp_path)
    assert down.returncode == 0 and "ended" in down.stdout, down.stderr


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it(tmp_path: pathlib.Path, which: signal.Signals) -> None:
    command = [BIN / "engify-mcp", "up", "--listen", "127.0.0.1:0", "--directory", "stack"]
    up = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    try:
        assert up.stderr
        said = ""
        while "what it knows is in" not in said:
            line = up.stderr.readline()
            assert line, said
            said += line
        # Whoever is answered finds that it hears signals, too.
        (url,) = re.findall(r"serving (http://\S+/mcp)\s", said)
        with Client(url) as client:
            client.ping()
        up.send_signal(which)
        _, rest = up.communicate(timeout=30)
        assert up.returncode == 0 and "stopped" in rest and "Traceback" not in rest, rest
    finally:
        up.kill()
        up.wait()


def test_ctrl_c_ends_what_hears_no_signals(tmp_path: pathlib.Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mcp.log").write_text("a line\n")
    command = [BIN / "engify-mcp", "logs", "--follow"]
    # In the background of a shell programs start with SIGINT ignored.
    follow = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip
    try:
        assert follow.stdout and follow.stdout.readline() == "a line\n"
        follow.send_signal(signal.SIGINT)
        _, said = follow.communicate(timeout=30)
        assert follow.returncode == -signal.SIGINT and said == "", said
    finally:
        follow.kill()
        follow.wait()


def test_little_is_loaded_for_it(tmp_path: pathlib.Path) -> None:
    script = (
        "import sys; sys.argv = ['mcp', '--version']; from engify_mcp._cli import main; code = main(); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = done.stderr.split()
    for module in ("asyncio", "typing", "inspect", "json", "engify_mcp._server"):
        assert module not in loaded, f"{module} is loaded without need"
