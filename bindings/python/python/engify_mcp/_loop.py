"""The thread on which async functions run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


def start(descriptor: int | None, listen: Callable[[], None] | None) -> asyncio.AbstractEventLoop:
    """Starts the thread, and returns its loop. `listen` is called when there is something to read from the descriptor."""
    event_loop = asyncio.new_event_loop()
    if descriptor is not None and listen is not None:
        event_loop.add_reader(descriptor, listen)

    def run() -> None:
        asyncio.set_event_loop(event_loop)
        event_loop.run_forever()

    threading.Thread(target=run, name="engify-mcp-asyncio", daemon=True).start()
    return event_loop
