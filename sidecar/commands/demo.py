from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sidecar import console
from sidecar.demo import containers, outage, processes
from sidecar.demo.containers import StandInContainer
from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.processes import StandInProcess, checkout_of_sample
from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError
from sidecar.images.deliver import as_text, deliver
from sidecar.images.obtain import ImageOptions
from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.spec.records import VERSIONS
from sidecar.verify import report as reports
from sidecar.verify import trace
from sidecar.verify.compose.deployment import deployment_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse

    from sidecar.demo.outage import StandIn
    from sidecar.engine.client import Engine
    from sidecar.engine.compose import Compose
    from sidecar.verify.deployment import Deployment

say = partial(console.say, by="demo")


def run(args: argparse.Namespace) -> int:
    """Start or stop the demo; return 1 if a hop fails."""
    return _down() if args.down else _up(args.target, collectors=args.agent_kind == COLLECTOR)


class _Running(NamedTuple):
    """A demo that runs."""

    deployment: Deployment
    frontend: str
    page: str
    stand_in: StandIn | None
    """None: it is not to be stopped, since agents would lose spans."""


def _up(target: str | None, *, collectors: bool) -> int:
    try:
        chosen = target or _best_target()
        start = _processes if chosen == "process" else _containers
        return _prove(start(collectors=collectors))
    except BaseException:
        if _runs(target):
            say(f"it still runs; `{_stop_command()}` stops it")
        raise


def _runs(target: str | None) -> bool:
    with suppress(SidecarError):
        if target != "compose" and processes.is_running(processes.DEFAULT_FOLDER):
            return True
        if target != "process":
            engine, compose = connect(), find_compose()
            return any(_runs_from(folder, engine, compose) for folder in _folders())
    return False


def _runs_from(folder: Path, engine: Engine, compose: Compose) -> bool:
    with suppress(SidecarError):  # the other folder has a project of the same name
        return containers.runs(folder, engine, compose)
    return False


def _folders() -> list[Path]:
    """Return where a demo in containers may run from: with collectors, and with agents."""
    own = containers.collected(checkout_of_sample())
    return [*([own] if own.is_dir() else []), checkout_of_sample()]


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


def _processes(*, collectors: bool) -> _Running:
    folder = processes.DEFAULT_FOLDER
    checkout_of_sample()
    if collectors:
        say("starting plain processes, a collector for each service")
    else:
        say("starting plain processes without an agent: the stand-in also takes the agent's port")
    if processes.stop(folder):
        say("an earlier demo was stopped")
    demo = processes.start(folder, say, collectors=collectors)
    stand_in = StandInProcess(folder, say) if collectors else None
    return _Running(ProcessDeployment(folder), demo.services["frontend"], demo.page, stand_in)


def _containers(*, collectors: bool) -> _Running:
    engine, compose = connect(), find_compose()
    say(f"containers, by engine {engine.version}")
    folder = containers.render_collected(checkout_of_sample(), say) if collectors else None
    kind = COLLECTOR if collectors else JAEGER_AGENT
    folder = folder or checkout_of_sample()
    options = ImageOptions(agent_kind=kind, agent_version=VERSIONS[kind])
    print(as_text(deliver(options, folder)), end="\n\n")
    say("starting")
    running = containers.up(folder, engine, compose, say)
    stand_in = StandInContainer(folder, compose) if collectors else None
    return _Running(deployment_of(folder), running.frontend, running.page, stand_in)


def _prove(running: _Running) -> int:
    deployment, frontend, page, stand_in = running
    say("sending a request and marked spans")
    trace_id = trace.request(f"{frontend}/greet?name=Ada")
    report = verify(deployment)
    print(reports.as_text(report), end="\n\n")
    spans = trace.fetch_whole(page, trace_id, 10)
    print(f"trace {trace_id} of {frontend}/greet?name=Ada")
    print(trace.tree(spans), end="\n\n")
    held = True
    if stand_in:
        held, text = outage.show(stand_in, f"{frontend}/greet?name=Ada", page, say)
        print(f"outage    {text}")
    print(f"page      {page}\nservice   {frontend}\nstop      {_stop_command()}")
    return 0 if report.ok and held and len(spans) >= trace.SPANS else 1


def _down() -> int:
    stopped = processes.stop(processes.DEFAULT_FOLDER)
    if stopped:
        say(f"stopped {', '.join(stopped)}")
    try:
        engine, compose = connect(), find_compose()
    except SidecarError as error:
        if not stopped:
            say(f"no process was running; containers were not looked for: {error}")
        return 0
    removed = _remove_containers(engine, compose)
    if removed:
        say(f"removed {', '.join(removed)}; images stay as a cache")
    if not stopped and not removed:
        say("nothing was running")
    return 0


def _remove_containers(engine: Engine, compose: Compose) -> list[str]:
    *others, checkout = _folders()
    removed = [name for folder in others for name in _removed_from(folder, engine, compose)]
    return removed + containers.down(checkout, engine, compose)


def _removed_from(folder: Path, engine: Engine, compose: Compose) -> list[str]:
    with suppress(SidecarError):  # as above
        return containers.down(folder, engine, compose)
    return []
