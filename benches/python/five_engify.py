"""Five tools, in `engify_mcp`."""

import sys
from dataclasses import dataclass

from engify_mcp import Server

server = Server("five", "1.0.0")


@dataclass
class Point:
    x: int
    y: int = 0


@server.tool
def add(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b


@server.tool
async def add_async(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b


@server.tool
def echo(text: str) -> str:
    """Says it again."""
    return text


@server.tool
def words(text: str, lower: bool = True) -> list[str]:
    """Splits a text into words."""
    return (text.lower() if lower else text).split()


@server.tool
def move(point: Point, by: int = 1) -> dict[str, int]:
    """Moves a point."""
    return {"x": point.x + by, "y": point.y + by}


if __name__ == "__main__":
    server.run(listen=f"127.0.0.1:{sys.argv[1]}")
