"""`python -m engify_mcp run server.py`: serves the `Server` of a file, over standard input and output or HTTP."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """The command line."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="engify_mcp", description="Serves a server written in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve the server of a file")
    run.add_argument("file", help="a file with a `Server` in it; `file.py:name` where there are several")
    run.add_argument("--listen", metavar="ADDR", help="Streamable HTTP, like 127.0.0.1:8080; standard streams without it")
    run.add_argument("--insecure", action="store_true", help="let everybody call where ADDR can be reached by others")
    chosen = parser.parse_args(arguments)
    try:
        server = _find(chosen.file)
    except (OSError, LookupError) as problem:
        print(f"engify_mcp: {problem}", file=sys.stderr)
        return 2
    server.run(listen=chosen.listen, insecure=chosen.insecure)
    return 0


def _find(file: str):  # type: ignore[no-untyped-def]
    from runpy import run_path

    from ._server import Server

    path, _, name = file.partition(":")
    found = {key: value for key, value in run_path(path).items() if isinstance(value, Server)}
    if name:
        if name not in found:
            raise LookupError(f"`{path}` has no server `{name}`; it has {', '.join(found) or 'none'}")
        return found[name]
    if len(found) != 1:
        raise LookupError(f"`{path}` has {len(found)} servers: name one, as in `{path}:server`")
    return next(iter(found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
