"""The program. From here on, Ctrl-C ends it without a traceback, even during imports."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)
        from sidecar import cli
    except KeyboardInterrupt:
        _leave()
    return cli.main()


def _leave(*_: object) -> NoReturn:
    """End the process: before and after a command there is nothing to roll back."""
    try:
        os.write(2, b"sidecar: interrupted\n")
    finally:
        os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
