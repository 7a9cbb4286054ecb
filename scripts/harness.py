"""What the conformance and interop runners share: build an example, serve it on a free port, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / ".work"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy must not see loopback
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


class Broken(Exception):
    """The run cannot go on; the text says why and is shown without a traceback."""


def tool(name: str) -> str:
    """The path of a pinned tool, installed on first use."""
    return output([str(ROOT / "scripts/tools"), name]).strip()


def output(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Broken(f"`{' '.join(command)}` ended with {done.returncode}")
    return done.stdout


def commit() -> str:
    """The commit under test; `+` says that the work tree differs from it."""
    try:
        name = output(["git", "rev-parse", "--short", "HEAD"]).strip()
        return name + ("+" if output(["git", "status", "--porcelain"]).strip() else "")
    except (Broken, OSError):
        return "unknown"


def build(package: str) -> pathlib.Path:
    """Builds the one binary of an example in the debug profile and finds it wherever cargo puts it."""
    print(f"building {package}", file=sys.stderr, flush=True)
    return _build(["--package", package])


def build_in(folder: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """Builds the one binary of a package outside the workspace, below a target folder of its own."""
    print(f"building {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    return _build(["--locked", "--manifest-path", str(folder / "Cargo.toml"), "--target-dir", str(target)])


def _build(which: list[str]) -> pathlib.Path:
    command = ["cargo", "build", "--quiet", *which, "--message-format=json-render-diagnostics"]
    for line in output(command).splitlines():
        if executable := json.loads(line).get("executable"):
            return pathlib.Path(executable)
    raise Broken(f"`{' '.join(command)}` made no binary")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    """True when something speaks HTTP there, whatever it says; or TLS, whoever it is."""
    try:
        _DIRECT.open(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def serving(binary: pathlib.Path, *arguments: str) -> Iterator[str]:
    """Runs `binary --listen 127.0.0.1:PORT` and yields `http://127.0.0.1:PORT` once it answers."""
    address = f"127.0.0.1:{free_port()}"
    command = [str(binary), "--listen", address, *arguments]
    with running(command, f"http://{address}/health", WORK / "logs" / f"{binary.name}.log"):
        yield f"http://{address}"


@contextlib.contextmanager
def running(command: list[str], url: str, log_path: pathlib.Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Runs a server, and yields once something answers at the URL."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("w") as log:
        server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait_until_up(server, url, log_path)
            yield
            if server.poll() is not None:
                raise Broken(f"the server died with {server.returncode}:\n{_tail(log_path)}")
        finally:
            _stop(server)


def _wait_until_up(server: subprocess.Popen, url: str, log_path: pathlib.Path) -> None:
    deadline = time.monotonic() + 30
    while not answers(url):
        if server.poll() is not None:
            raise Broken(f"the server ended with {server.returncode} before it answered:\n{_tail(log_path)}")
        if time.monotonic() > deadline:
            raise Broken(f"no answer on {url} within 30 s:\n{_tail(log_path)}")
        time.sleep(0.02)


def _stop(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        print("warning: the server did not end within 10 s of SIGTERM", file=sys.stderr)


def _tail(path: pathlib.Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])
