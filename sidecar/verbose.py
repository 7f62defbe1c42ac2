"""--verbose: logs the programs that are run and the requests to the container engine."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from sidecar.lifetime import unbound
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Callable

_ENGINE = "urllib3.connectionpool"
"""The logger of the Docker SDK's HTTP library: path and status of a request, not its content."""


def start(token: str | None) -> None:
    """Log from now on to standard error, without `token` and without anything like a token."""

    def say(text: str) -> None:
        print(f"sidecar: {mask(text, token)}", file=sys.stderr, flush=True)

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:  # pragma: no cover - not traced
        if event == "subprocess.Popen":
            words = unbound([os.fsdecode(word) for word in arguments[1]])
            say(f"runs {shlex.join(words)}")

    handler = _Handler(say)
    logger = logging.getLogger(_ENGINE)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    sys.addaudithook(on_event)


class _Handler(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(f"engine: {record.getMessage()}")
