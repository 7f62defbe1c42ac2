"""--verbose: tells on standard error which programs are run and what the container engine is asked."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from typing import Any

from sidecar.rules.recognition import mask

_ENGINE = "urllib3.connectionpool"
"""What the Docker SDK speaks through: each request's path and status, never its content."""


def tell(token: str | None) -> None:
    """Begin to tell; nothing that looks like a token is shown, nor the one that is given."""

    def say(text: str) -> None:
        print(f"sidecar: {mask(text, token)}", file=sys.stderr, flush=True)

    def on_event(
        event: str, arguments: tuple[Any, ...]
    ) -> None:  # pragma: no cover - Python traces no audit hook
        if event == "subprocess.Popen":
            say(f"runs {shlex.join(os.fsdecode(word) for word in arguments[1])}")

    handler = _Handler(say)
    logger = logging.getLogger(_ENGINE)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    sys.addaudithook(on_event)


class _Handler(logging.Handler):
    def __init__(self, say: Any) -> None:  # noqa: ANN401 - a function
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(f"engine: {record.getMessage()}")
