"""A program that runs in a container or unit until it gets a signal to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def run(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run `work` with an event that SIGTERM and SIGINT set; its log goes to standard error."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.INFO)
    asyncio.run(_stopped_by_signals(work))
    return 0


async def _stopped_by_signals(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(stop)
