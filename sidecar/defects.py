"""What the command line makes of an exception that is no known error; imported when there is one."""

from __future__ import annotations

import errno
import os
import select
import sys
import tempfile
import traceback
from pathlib import Path

from sidecar import __version__
from sidecar.rules.recognition import mask

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def unexpected(error: Exception, token: str | None) -> int:
    """Tell an unexpected exception; return 0 for a reader that left, 1 for a cause outside the kit, else 3."""
    if isinstance(error, BrokenPipeError) and _reader_is_gone():
        _abandon_output()
        return 0  # the reader, such as `head`, has what it wanted
    if isinstance(error, OSError) and error.errno in _FULL:
        _abandon_output()
        print(
            f"sidecar: output: cannot be written: {error.strerror}. Free some space",
            file=sys.stderr,
        )
        return 1
    if isinstance(error, PermissionError) and error.filename:
        place = mask(str(error.filename), token)
        print(
            f"sidecar: {place}: {error.strerror}. Look as its owner, or check its rights",
            file=sys.stderr,
        )
        return 1
    if isinstance(error, FileNotFoundError) and not error.filename:
        print(
            "sidecar: the current folder: was removed. Change into one that is there",
            file=sys.stderr,
        )
        return 1
    return _defect(error, token)


def _reader_is_gone() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLERR)
    return bool(poll.poll(0))


def _abandon_output() -> None:
    # or the interpreter's last flush would fail a second time
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _defect(error: Exception, token: str | None) -> int:
    story = mask("".join(traceback.format_exception(error)), token)
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="sidecar-defect-",
            suffix=".log",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as log:
            log.write(f"sidecar {__version__}, Python {sys.version}\n\n{story}")
        kept = f"The traceback is in {Path(log.name)}; please report it."
    except OSError as full:
        kept = f"Its traceback could not be kept ({full.strerror}):\n{story}"
    print(f"sidecar: a defect of the kit ({type(error).__name__}). {kept}", file=sys.stderr)
    return 3
