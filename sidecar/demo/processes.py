"""The sample without containers: services under gunicorn, and the stand-in at the agent's port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import signals
from sidecar.checkout import find_checkout
from sidecar.demo import state
from sidecar.demo.collectors import find_program
from sidecar.demo.starter import LOGS, Starter, clear
from sidecar.demo.state import STAND_IN
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.demo.state import Demo

FOLDER = Path("build/demo")
"""In the checkout; a command that runs elsewhere asks for DEFAULT_FOLDER."""
DEFAULT_FOLDER = (find_checkout() or Path()) / FOLDER


def checkout_of_sample() -> Path:
    """Return the kit's checkout. Raises SidecarError for an installed wheel."""
    checkout = find_checkout()
    if checkout is None:
        cause = "needs the kit's checkout, which holds the sample"
        raise SidecarError("demo", cause, "Clone the repository")
    return checkout


def start(folder: Path, say: Callable[[str], None], *, collectors: bool = False) -> Demo:
    """Start everything and wait until it answers; if that fails, stop what was started.

    With `collectors`, each service has one; else the stand-in takes their datagrams. Raises
    SidecarError where a process ends or does not answer, with the end of its log.
    """
    checkout = checkout_of_sample()
    if state.load(folder):
        cause = "a demo already runs"
        raise SidecarError(str(folder), cause, "Run `sidecar demo --down`")
    program = find_program() if collectors else ""
    starter = Starter(folder, checkout, say, program)
    try:
        return starter.start()
    except BaseException:
        with signals.ignored():
            stop(folder)
            clear(folder)
        raise


def stop(folder: Path) -> list[str]:
    """Stop what `start` left running, services before the stand-in, and return the names.

    Removes only the files of the demo that the folder's state names. Raises SidecarError
    where the state file is not the kit's.
    """
    demo = state.load(folder)
    order = demo.processes[::-1] if demo else ()
    for started in order:
        state.end(started)
    if (folder / state.FILE).is_file():
        clear(folder)
    return [started.name for started in order]


def is_running(folder: Path = FOLDER) -> bool:
    """Tell whether the folder's demo runs, or some of it."""
    return state.load(folder) is not None


def running(folder: Path) -> Demo:
    """Return the demo that runs. Raises SidecarError where none does, or a part ended."""
    demo = state.load(folder)
    if demo is None:
        cause = "no demo without containers runs"
        raise SidecarError(str(folder), cause, "Run `make demo`")
    for started in demo.processes:
        if not state.alive(started):
            fix = f"See {folder}/{LOGS}/{started.name}.log; then run `make down` and `make demo`"
            raise SidecarError(started.name, "has ended", fix)
    return demo


class StandInProcess:
    """The stand-in of a folder's demo, which can be stopped and started again."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say

    def stop(self) -> None:
        """Stop it."""
        demo = state.load(self._folder)
        if demo and (found := demo.named(STAND_IN)):
            state.end(found)

    def start(self) -> None:
        """Start it again at the same ports, without what it had kept."""
        demo = state.load(self._folder)
        Starter(self._folder, checkout_of_sample(), self._say, demo=demo).restart_stand_in()


def log_of(folder: Path, name: str) -> str:
    """Return the log of one of a demo's processes; empty where there is none."""
    try:
        return (folder / LOGS / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
