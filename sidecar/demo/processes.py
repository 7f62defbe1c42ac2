"""The sample without containers: frontend and backend under gunicorn, the stand-in at the agent's port too."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sidecar import files, signals
from sidecar.checkout import find_checkout
from sidecar.demo.ports import choose
from sidecar.engine.errors import indented
from sidecar.errors import SidecarError
from sidecar.plan import LOCAL_TOKEN_FILE, sample_services
from sidecar.secrecy import child_environment, mask
from sidecar.verify.loopback import fetch
from sidecar.verify.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.demo.ports import Port
    from sidecar.spec import Service

FOLDER = Path("build/demo")
"""In the checkout; a command that runs elsewhere asks for DEFAULT_FOLDER."""
DEFAULT_FOLDER = (find_checkout() or Path()) / FOLDER
_STATE, _READY = "processes.json", "gateway.json"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Started:
    """One process of the demonstration."""

    name: str
    pid: int
    created: float
    """The system's start time of the process: tells it from a later one with the same pid."""


@dataclass(frozen=True)
class Demo:
    """What runs and where."""

    processes: tuple[Started, ...]
    services: Mapping[str, str]
    """Traced service → URL."""
    page: str
    """The stand-in's URL."""
    agent: str
    """HOST:PORT that takes the services' datagrams."""


def start(folder: Path, say: Callable[[str], None]) -> Demo:
    """Start everything and wait until it answers; what was started is stopped again if that fails.

    Raises SidecarError where a process ends or does not answer, with the end of its log.
    """
    checkout = find_checkout()
    if checkout is None:
        raise SidecarError(
            "demo", "needs the kit's checkout, which holds the sample", "Clone the repository"
        )
    if _load(folder):
        raise SidecarError(
            str(folder), "a demonstration runs already", "Stop it: sidecar demo --down"
        )
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    starter = _Starter(folder, checkout, say)
    try:
        return starter.start()
    except BaseException:
        stop(folder)
        _clear(folder)
        raise


def stop(folder: Path) -> list[str]:
    """Stop what `start` left running, services before the stand-in, and return the names.

    Removes the files of the demonstration that the folder's state names, and no others. Raises SidecarError where the
    state file is not the kit's.
    """
    demo = _load(folder)
    order = demo.processes[::-1] if demo else ()
    for started in order:
        _end(started)
    if (folder / _STATE).is_file():
        _clear(folder)
    return [started.name for started in order]


def _clear(folder: Path) -> None:
    """Remove what `start` writes, and the folders that are empty then."""
    logs = folder / "logs"
    for name in ("gateway", *(service.name for service in sample_services())):
        (logs / f"{name}.log").unlink(missing_ok=True)
    for path in (folder / _READY, folder / _STATE):
        path.unlink(missing_ok=True)
        files.sweep(path)
    for empty in (logs, folder):
        with suppress(OSError):  # what holds other files stays
            empty.rmdir()


def is_running(folder: Path = FOLDER) -> bool:
    """Tell whether the folder's demonstration runs, or some of it."""
    return _load(folder) is not None


def running(folder: Path) -> Demo:
    """Return the demonstration that runs. Raises SidecarError where none does."""
    demo = _load(folder)
    if demo is None:
        raise SidecarError(
            str(folder), "no demonstration runs without containers", "Start one: make demo"
        )
    for started in demo.processes:
        if not _alive(started):
            raise SidecarError(
                started.name,
                "has ended",
                f"See {folder}/logs/{started.name}.log; make down, make demo",
            )
    return demo


class _Starter:
    """Starts processes one by one; the state file names each as soon as it runs."""

    def __init__(self, folder: Path, checkout: Path, say: Callable[[str], None]) -> None:
        self._folder, self._checkout, self._say = folder, checkout, say
        self._demo = Demo((), {}, "", "")

    def start(self) -> Demo:
        page, agent = (
            self._port("stand-in page", 16686),
            self._port("agent", 6831, socket.SOCK_DGRAM),
        )
        self._stand_in(page.number, agent.number)
        ports = {
            service.name: self._port(service.name, service.port or 0).number
            for service in sample_services()
        }
        for service in reversed(sample_services()):  # the backend first
            self._service(service, ports, agent.number)
        return self._demo

    def _port(
        self, what: str, preferred: int, kind: socket.SocketKind = socket.SOCK_STREAM
    ) -> Port:
        port = choose(preferred, kind)
        if port.holder:
            self._say(f"{what}: {port}")
        return port

    def _stand_in(self, page: int, agent: int) -> None:
        sidecar = [
            sys.executable,
            "-m",
            "sidecar",
            "gateway",
            "--grpc=127.0.0.1:0",
            f"--http=127.0.0.1:{page}",
        ]
        token = f"--token-file={self._checkout / LOCAL_TOKEN_FILE}"
        url = f"http://127.0.0.1:{page}"
        self._demo = Demo(self._demo.processes, {}, url, f"127.0.0.1:{agent}")
        # its own word that it listens: at the port another program may answer, which took it first
        ready = self._folder.resolve() / _READY
        self._run(
            "gateway",
            [*sidecar, token, f"--udp=127.0.0.1:{agent}", f"--ready-file={ready}"],
            {},
            ready.exists,
        )

    def _service(self, service: Service, ports: Mapping[str, int], agent: int) -> None:
        url = f"http://127.0.0.1:{ports[service.name]}"
        environment = {
            "HOST": "127.0.0.1",
            "PORT": str(ports[service.name]),
            "BACKEND_URL": f"http://127.0.0.1:{ports['backend']}",
            "JAEGER_AGENT_HOST": "127.0.0.1",
            "JAEGER_AGENT_PORT": str(agent),
            "JAEGER_SERVICE_NAME": service.name,
            # a proxy of the machine's environment is for the world outside
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
        self._demo = Demo(
            self._demo.processes, {**self._demo.services, service.name: url}, *self._ends()
        )
        self._run(
            service.name,
            [sys.executable, "-m", *service.command],
            environment,
            lambda: _answers(f"{url}/healthz"),
        )

    def _ends(self) -> tuple[str, str]:
        return self._demo.page, self._demo.agent

    def _run(
        self, name: str, argv: list[str], environment: Mapping[str, str], ready: Callable[[], bool]
    ) -> None:
        log = self._folder / "logs" / f"{name}.log"
        with signals.deferred():  # a process that no state file names could not be stopped
            process = self._spawn(argv, environment, log)
            started = Started(name, process.pid, psutil.Process(process.pid).create_time())
            self._demo = Demo((*self._demo.processes, started), self._demo.services, *self._ends())
            _save(self._folder, self._demo)
        _wait_for(name, ready, process, log)

    def _spawn(
        self, argv: list[str], environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._checkout,
                env={**child_environment(), **environment},
                start_new_session=True,
            )


def _wait_for(
    name: str, ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None:
            raise SidecarError(
                name, f"ended with {process.returncode} while starting{_end_of(log)}"
            )
        if time.monotonic() > deadline:
            raise SidecarError(name, f"does not answer after {_START_SECONDS:g} s{_end_of(log)}")
        time.sleep(0.1)


def _end_of(log: Path) -> str:
    """Return the log's last lines: the log itself goes away with the failed start."""
    return "\n" + indented(mask(log.read_text(encoding="utf-8", errors="replace")), 10)


def _answers(url: str) -> bool:
    try:
        fetch(url, 2)
    except OSError:
        return False
    return True


def _end(started: Started) -> None:
    if not _alive(started):
        return
    process = psutil.Process(started.pid)
    children = process.children(recursive=True)
    process.terminate()
    # not process.wait(): a zombie that its parent is slow to collect, or never collects, has ended all the same
    if wait_for(lambda: _alive(started), lambda alive: not alive, _STOP_SECONDS):
        for one in (process, *children):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        wait_for(lambda: _alive(started), lambda alive: not alive, 5)


def _alive(started: Started) -> bool:
    try:
        process = psutil.Process(started.pid)
        return process.create_time() == started.created and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _save(folder: Path, demo: Demo) -> None:
    files.write(folder / _STATE, json.dumps(asdict(demo), indent=2).encode())


def _load(folder: Path) -> Demo | None:
    """Return the demonstration that the folder's state file names, if any of it still runs."""
    try:
        data = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        processes = tuple(Started(**entry) for entry in data.pop("processes"))
        demo = Demo(processes, **data)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SidecarError(
            str(folder / _STATE), "is not the state of a demonstration", "Remove the file"
        ) from error
    return demo if any(_alive(started) for started in processes) else None
