"""Ends a program with the program that started it, even where that is killed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAUNCHER = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):  # else the parent has ended meanwhile
    os.execvp(sys.argv[2], sys.argv[2:])
"""
_LAUNCH = [sys.executable, "-I", "-S", "-c", _LAUNCHER]


def bound(argv: Sequence[str]) -> list[str]:
    """Return a command that gets SIGTERM when this process ends; the command itself outside Linux.

    A launcher asks the kernel for it, because running code between fork and exec is not safe in a
    process with threads.
    """
    if sys.platform != "linux":
        return list(argv)
    return [*_LAUNCH, str(os.getpid()), *argv]


def unbound(argv: Sequence[str]) -> list[str]:
    """Return the command that `bound` was given, or another one as it is."""
    words = list(argv)
    return words[len(_LAUNCH) + 1 :] if words[: len(_LAUNCH)] == _LAUNCH else words
