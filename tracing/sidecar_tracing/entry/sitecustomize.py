"""Python runs this at its start, because its folder is first in PYTHONPATH: it turns tracing on.

The sitecustomize that it hides is run, too. Nothing that fails here stops the service.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

OLDEST = (3, 10)
HOME = Path(__file__).resolve().parents[2]
"""The folder that holds the package: one that an image does not have is carried to it."""
_INSTALLED = ("site-packages", "dist-packages")
"""Folders of another Python's packages, which this one must not see."""
COMMAND = "SIDECAR_TRACING_COMMAND"
"""Environment variable: the process that `sidecar-trace` became."""


def _trace() -> None:
    try:
        if sys.version_info < OLDEST:
            raise RuntimeError("Python 3.10 or later is needed")  # noqa: TRY301
        is_carried = PathFinder.find_spec("sidecar_tracing") is None
        if is_carried:
            if HOME.name in _INSTALLED:
                raise ImportError("sidecar_tracing is not installed in this Python")  # noqa: TRY301
            sys.path.append(str(HOME))  # last: the image's own packages stay its own
        from sidecar_tracing.boot import boot  # noqa: PLC0415 - it may be missing or broken

        boot(is_carried=is_carried)
    except Exception as error:  # noqa: BLE001
        if os.environ.get(COMMAND, str(os.getpid())) != str(os.getpid()):
            return  # a program that the service starts: who reads its errors expects none of ours
        reason = f"{type(error).__name__}: {error}"
        with suppress(OSError):  # a full disk
            print(f"sidecar-trace: this process is not traced: {reason}", file=sys.stderr)


def _run_the_hidden_one() -> None:
    here = Path(__file__).resolve().parent
    spec = PathFinder.find_spec("sitecustomize", [p for p in sys.path if Path(p).resolve() != here])
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_trace()
_run_the_hidden_one()
