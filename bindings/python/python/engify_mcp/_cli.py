"""The `mcp` command, which comes with the package."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Runs the command line, and returns its exit code."""
    try:
        from ._engify import command
    except ImportError:
        print("mcp: the command needs Linux or macOS", file=sys.stderr)
        return 1
    # Python would only take note of Ctrl-C until the command comes back. Where it is ignored, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = os.path.abspath(sys.argv[0])
    return command(program if os.access(program, os.X_OK) else None, sys.argv[1:])
