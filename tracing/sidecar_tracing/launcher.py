"""`sidecar-trace COMMAND …`: starts a Python service traced, without changing its code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar_tracing.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENTRY = Path(__file__).resolve().parent / "entry"
"""The folder whose sitecustomize traces a process that has it in PYTHONPATH."""
COMMAND = "SIDECAR_TRACING_COMMAND"
"""Environment variable for the entry: the process that shall say what is wrong."""

USAGE = "usage: sidecar-trace COMMAND [ARGUMENT ...]"
HELP = f"""{USAGE}

Starts a Python service with spans and trace IDs in its log, without a change of its code: Flask,
Django, FastAPI and Starlette, Celery, requests, httpx and aiohttp. The command takes the place of
this process, so signals reach it and its exit status is the one you see.

examples:
  JAEGER_SERVICE_NAME=shop sidecar-trace gunicorn shop:app
  JAEGER_SERVICE_NAME=shop sidecar-trace uvicorn shop:app --workers 2
  JAEGER_SERVICE_NAME=shop-tasks sidecar-trace celery -A shop worker
  JAEGER_SERVICE_NAME=shop sidecar-trace uwsgi --module shop:app --enable-threads ...
  JAEGER_SERVICE_NAME=report sidecar-trace python report.py
  python -m sidecar_tracing python report.py     the same, where no sidecar-trace is in PATH
  PYTHONPATH=$(sidecar-trace --entry) python report.py       the same, without a start command

options:
  -h, --help     show this
  --version      show the version
  --entry        show the folder for PYTHONPATH that switches tracing on

variables:
  JAEGER_SERVICE_NAME   the service's name; without it the command runs untraced
  JAEGER_AGENT_HOST, JAEGER_AGENT_PORT, JAEGER_SAMPLER_TYPE, JAEGER_PROPAGATION=w3c,jaeger, ...
  JAEGER_DISABLED=true             the command runs untraced
  SIDECAR_TRACING_SKIP=requests    leaves out libraries: a list of flask, django, starlette,
                                   celery, requests, httpx, aiohttp
  SIDECAR_TRACING_LOGS=off         leaves the log as it is; `attributes` sets %(trace_id)s only
  SIDECAR_TRACING_REPLACE_JAEGER_CLIENT=true
                                   gives code that imports jaeger_client this package's Config
"""
_NO_NAME = """\
sidecar-trace: the command runs untraced: JAEGER_SERVICE_NAME is not set
sidecar-trace: set it to the service's name, such as JAEGER_SERVICE_NAME=shop"""
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
"""What shells and `env` return."""


def main(argv: Sequence[str] | None = None) -> int:
    """Become the command; return only if that is not possible, or there is none."""
    words = list(sys.argv[1:] if argv is None else argv)
    shown = {"-h": HELP, "--help": HELP, "--version": __version__, "--entry": str(ENTRY)}
    if words and words[0] in shown:
        print(shown[words[0]].rstrip("\n"))
        return 0
    if words[:1] == ["--"]:
        words = words[1:]
    if not words or words[0].startswith("-"):
        _say(f"{USAGE}\nsidecar-trace: name a command; see --help")
        return 2
    variables = environment(os.environ)
    if variables is None:
        _say(_NO_NAME)
    return _become(words, os.environ if variables is None else variables)


def environment(variables: Mapping[str, str]) -> dict[str, str] | None:
    """Return the environment that traces a command; None without a service's name."""
    if not variables.get("JAEGER_SERVICE_NAME", "").strip():
        return None
    paths = [path for path in variables.get("PYTHONPATH", "").split(os.pathsep) if path]
    others = [path for path in paths if path != str(ENTRY)]
    traced = {COMMAND: str(os.getpid()), "PYTHONPATH": os.pathsep.join([str(ENTRY), *others])}
    return {**variables, **traced}


def as_child(words: list[str], variables: Mapping[str, str]) -> int:
    """Run the command as a child, and return its exit status.

    Windows' exec starts a child, too, and ends this process at once, with 0.
    """
    own = {name: value for name, value in variables.items() if name != COMMAND}
    program = shutil.which(words[0]) or words[0]
    with subprocess.Popen([program, *words[1:]], env=own) as child:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's to answer
        try:
            return child.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def _say(text: str) -> None:
    """Write to standard error, unless it is closed or full: the command runs all the same."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def _become(words: list[str], variables: Mapping[str, str]) -> int:
    try:
        if os.name == "nt":
            return as_child(words, variables)
        os.execvpe(words[0], words, variables)  # noqa: S606 - no shell, by intent
    except FileNotFoundError:
        _say(f"sidecar-trace: {words[0]}: no such command")
        return _NOT_FOUND
    except OSError as error:
        _say(f"sidecar-trace: {words[0]}: {error.strerror}")
        return _NOT_EXECUTABLE
