"""Reports an exception that is not a known error; imported only if there is one."""

from __future__ import annotations

import errno
import select
import sys
import tempfile
import traceback
from pathlib import Path

from sidecar import __version__
from sidecar.rules.recognition import mask
from sidecar.streams import abandon, is_closed_output, tell

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def unexpected(error: Exception, token: str | None) -> int:
    """Report an exception, and return the exit code.

    It is 0 if the reader of the output has left, 1 for a cause outside the kit, else 3.
    """
    if isinstance(error, BrokenPipeError) and _reader_has_left():
        abandon(sys.stdout)
        return 0  # the reader, such as `head`, has what it wanted
    if isinstance(error, OSError) and error.errno in _FULL:
        abandon(sys.stdout)
        return _report(f"output: cannot be written: {error.strerror}. Free some space")
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_closed_output():
        abandon(sys.stdout)
        return _report("standard output: is closed. Redirect it into a file or a pipe")
    if isinstance(error, PermissionError) and error.filename:
        path = mask(str(error.filename), token)
        return _report(f"{path}: {error.strerror}. Run as its owner, or check its permissions")
    if isinstance(error, FileNotFoundError) and not error.filename:
        return _report("the current folder: was removed. Change into one that exists")
    return _defect(error, token)


def _report(text: str) -> int:
    tell(text)
    return 1


def _reader_has_left() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLERR)
    return bool(poll.poll(0))


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
        report = f"The traceback is in {Path(log.name)}; please report it."
    except OSError as full:
        report = f"The traceback could not be written to a file ({full.strerror}):\n{story}"
    tell(f"a defect in the kit ({type(error).__name__}). {report}")
    return 3
