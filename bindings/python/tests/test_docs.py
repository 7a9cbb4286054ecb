"""Every block of Python in docs/PYTHON.md runs, in order, each page in one process."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(os.environ.get("ENGIFY_ROOT") or pathlib.Path(__file__).resolve().parents[3])
GUIDE = ROOT / "docs" / "PYTHON.md"
EXAMPLES = sorted((ROOT / "bindings" / "python" / "examples").glob("*.py"))


def blocks() -> list[tuple[int, str]]:
    text = GUIDE.read_text()
    found = re.finditer(r"```python\n(.*?)```", text, re.DOTALL)
    return [(text.count("\n", 0, match.start()) + 2, match.group(1)) for match in found]


def test_the_guide(tmp_path: pathlib.Path) -> None:
    """Blocks follow each other: what one defines, the next may use. `server.run(…)` would not end, so it is left out."""
    assert len(blocks()) > 5
    source = ""
    for line, block in blocks():
        block = re.sub(r"^(\s*)(\w+)\.run\(.*\)$", r"\1pass", block, flags=re.MULTILINE)
        source += "\n" * max(0, line - 1 - source.count("\n")) + block
    script = tmp_path / "guide.py"
    script.write_text(source)
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_answer(example: pathlib.Path) -> None:
    """An example is a server, or a program that ends by itself."""
    from engify_mcp import Client

    if "run(" not in example.read_text():
        done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return
    with Client(f"{sys.executable} {example}") as client:
        assert client.tools()
