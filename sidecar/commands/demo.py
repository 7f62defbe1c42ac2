from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.demo import containers, processes
from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.processes import checkout_of_sample
from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError
from sidecar.images.deliver import as_text, deliver
from sidecar.images.obtain import ImageOptions
from sidecar.verify import report as reports
from sidecar.verify import trace
from sidecar.verify.compose.deployment import deployment_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse

    from sidecar.verify.deployment import Deployment


def run(args: argparse.Namespace) -> int:
    """Start or stop the demo; return 1 if a hop fails."""
    return _down() if args.down else _up(args.target)


def _up(target: str | None) -> int:
    try:
        chosen = target or _best_target()
        deployment, frontend, page = _processes() if chosen == "process" else _containers()
        return _prove(deployment, frontend, page)
    except BaseException:
        if _runs(target):
            say(f"it still runs; `{_stop_command()}` stops it")
        raise


def _runs(target: str | None) -> bool:
    with suppress(SidecarError):
        if target != "compose" and processes.is_running(processes.DEFAULT_FOLDER):
            return True
        if target != "process":
            return containers.runs(checkout_of_sample(), connect(), find_compose())
    return False


def _stop_command() -> str:
    """Return the command that stops the demo, for the current folder."""
    return "make down" if checkout_of_sample() == Path.cwd() else "sidecar demo --down"


def _best_target() -> str:
    try:
        connect()
        find_compose()
    except SidecarError as error:
        say(f"no containers here: {error}")
        return "process"
    return "compose"


def _processes() -> tuple[Deployment, str, str]:
    folder = processes.DEFAULT_FOLDER
    checkout_of_sample()
    say("starting plain processes without an agent: the stand-in also takes the agent's UDP port")
    if processes.stop(folder):
        say("an earlier demo was stopped")
    demo = processes.start(folder, say)
    return ProcessDeployment(folder), demo.services["frontend"], demo.page


def _containers() -> tuple[Deployment, str, str]:
    folder, engine = checkout_of_sample(), connect()
    say(f"containers, by engine {engine.version}")
    _images(folder)
    say("starting")
    running = containers.up(folder, engine, find_compose(), say)
    return deployment_of(folder), running.frontend, running.page


def _images(folder: Path) -> None:
    print(as_text(deliver(ImageOptions(), folder)), end="\n\n")


def _prove(deployment: Deployment, frontend: str, page: str) -> int:
    say("sending a request and marked spans")
    trace_id = trace.request(f"{frontend}/greet?name=Ada")
    report = verify(deployment)
    print(reports.as_text(report), end="\n\n")
    spans = trace.fetch_whole(page, trace_id, 10)
    print(f"trace {trace_id} of {frontend}/greet?name=Ada")
    print(trace.tree(spans), end="\n\n")
    print(f"page      {page}\nservice   {frontend}\nstop      {_stop_command()}")
    return 0 if report.ok and len(spans) >= trace.SPANS else 1


def _down() -> int:
    stopped = processes.stop(processes.DEFAULT_FOLDER)
    if stopped:
        say(f"stopped {', '.join(stopped)}")
    removed = _remove_containers()
    if removed:
        say(f"removed {', '.join(removed)}; images stay as a cache")
    if not stopped and not removed:
        say("nothing was running")
    return 0


def _remove_containers() -> list[str]:
    try:
        engine, compose = connect(), find_compose()
    except SidecarError:
        return []
    return containers.down(checkout_of_sample(), engine, compose)


def say(text: str) -> None:
    """Print a step immediately: the next one may take a while."""
    print(f"demo: {text}", file=sys.stderr, flush=True)
