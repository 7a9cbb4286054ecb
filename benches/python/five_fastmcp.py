"""The same five tools, in FastMCP."""

import sys
from dataclasses import dataclass

from fastmcp import FastMCP

server = FastMCP("five", version="1.0.0")


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
    server.run(
        transport="http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True, json_response=True,
        show_banner=False, log_level="ERROR", uvicorn_config={"access_log": False},
    )  # fmt: skip
