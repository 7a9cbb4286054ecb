"""What several tests use."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from engify_mcp import Client, Server

HERE = pathlib.Path(__file__).resolve().parent

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.fixture
def server() -> Server:
    return Server("test", "1.2.3", instructions="Be kind.")


@pytest.fixture
def client(server: Server):
    """A client of `server` in this process; it sees what is added until its first request."""
    made = Client(server)
    yield made
    made.close()


@pytest.fixture
def everything() -> list[str]:
    """The command line of a server with some of everything."""
    return [sys.executable, str(HERE / "servers" / "everything.py")]
