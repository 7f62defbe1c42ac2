"""Looks at the Python of a service's image, and prints one line of JSON.

preflight sends this text to a container of the image: `python3 -c TEXT REQUEST`. So it needs the
standard library only, and runs on Python 3.7 and later. The request is JSON: command, packages. It
imports jaeger_client and nothing else of the image.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_AGAIN = "SIDECAR_KIT_LOOKS_AGAIN"
INTERPRETER_WORDS = 3
"""Of a command: what comes later is not the program that is started."""


def interpreter_of(command: Iterable[str]) -> str:
    """Return the Python that a command starts: itself, or the one of a script's first line."""
    for word in list(command)[:INTERPRETER_WORDS]:
        path = shutil.which(word) or ""
        if os.path.basename(path).startswith("python"):  # noqa: PTH119 - starts sooner
            return path
        named = _of_script(path) if path else ""
        if named:
            return named
    return ""


def _of_script(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            words = file.readline(400).decode("utf-8", "replace").split()
    except OSError:
        return ""
    first = words[0][2:] if words and words[0].startswith("#!") else ""
    return first if "python" in first and os.access(first, os.X_OK) else ""


def start_again(interpreter: str) -> None:
    """Replace this process by the same look of another Python; return where it is this one."""
    if not interpreter or interpreter == sys.executable or os.environ.get(_AGAIN):
        return
    with open("/proc/self/cmdline", "rb") as file:  # noqa: PTH123
        words = file.read().split(b"\0")[1:-1]
    os.environ[_AGAIN] = "1"
    os.execv(interpreter, [interpreter.encode(), *words])  # noqa: S606 - the image's own Python


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed ones of some packages with their versions."""
    try:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - from 3.8
    except ImportError:
        return {}
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def import_client() -> dict[str, str]:
    """Import jaeger_client; return what kept it from being imported."""
    try:
        import_module("jaeger_client")
    except ModuleNotFoundError as error:
        return {"import_error": str(error), "missing": (error.name or "").partition(".")[0]}
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit too
        return {"import_error": f"{type(error).__name__}: {error}", "missing": ""}
    return {"import_error": "", "missing": ""}


def main() -> None:
    """Print what is seen."""
    request: dict[str, Any] = json.loads(sys.argv[1])
    start_again(interpreter_of(request["command"]))
    seen: dict[str, Any] = {
        "python": sys.version.split()[0],
        "versions": versions(request["packages"]),
        "sampler": [os.environ.get("JAEGER_SAMPLER_" + name) for name in ("TYPE", "PARAM")],
        **import_client(),
    }
    if not seen["import_error"]:  # Python 3.7 knows no versions
        seen["versions"].setdefault("jaeger-client", "of unknown version")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
