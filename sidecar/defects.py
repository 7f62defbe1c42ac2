"""Reports an exception that is not a known error, and errors as data; imported only if needed."""

from __future__ import annotations

import errno
import json
import select
import sys
import tempfile
import traceback
from pathlib import Path

from sidecar import __version__
from sidecar.errors import SidecarError
from sidecar.rules.recognition import mask
from sidecar.streams import abandon, is_closed_output, tell

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class _DefectError(SidecarError):
    exit_code = 3


def unexpected(error: Exception, token: str | None, *, as_json: bool = False) -> int:
    """Report an exception, and return the exit code.

    It is 0 if the reader of the output has left, 1 for a cause outside the kit, else 3.
    """
    if isinstance(error, BrokenPipeError) and _reader_has_left():
        abandon(sys.stdout)
        return 0  # the reader, such as `head`, has what it wanted
    unwritten = _of_output(error)
    if unwritten:
        abandon(sys.stdout)
    found = unwritten or _outside(error) or _defect(error, token)
    if as_json and not unwritten:
        print_data(found, token)
    tell(mask(str(found), token))
    return found.exit_code


def print_data(error: SidecarError, token: str | None = None) -> None:
    """Print an error as data, where a result would have been data."""
    parts = {"subject": error.subject, "cause": error.cause, "fix": error.fix, "id": error.id}
    shown = {name: mask(text, token) for name, text in parts.items()}
    try:
        print(json.dumps({"ok": False, "error": shown}, indent=2), flush=True)
    except OSError:  # the message tells the same
        abandon(sys.stdout)


def _of_output(error: Exception) -> SidecarError | None:
    """Return what is wrong with standard output; None if it is something else."""
    if not isinstance(error, OSError):
        return None
    if error.errno in _FULL:
        return SidecarError("output", f"cannot be written: {error.strerror}", "Free some space")
    if error.errno == errno.EBADF and is_closed_output():
        return SidecarError("standard output", "is closed", "Redirect it into a file or a pipe")
    return None


def _outside(error: Exception) -> SidecarError | None:
    """Return what is wrong with a file or folder of the user's; None if it is something else."""
    if isinstance(error, PermissionError) and error.filename:
        fix = "Run as its owner, or check its permissions"
        return SidecarError(str(error.filename), error.strerror or "is not readable", fix)
    if isinstance(error, FileNotFoundError) and not error.filename:
        return SidecarError("the current folder", "was removed", "Change into one that exists")
    return None


def _reader_has_left() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLERR)
    return bool(poll.poll(0))


def _defect(error: Exception, token: str | None) -> SidecarError:
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
    return _DefectError("a defect in the kit", type(error).__name__, report)
