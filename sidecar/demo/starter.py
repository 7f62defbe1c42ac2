"""Starts the processes of a demo without containers, and removes what they leave."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import psutil

from sidecar import files, signals
from sidecar.demo import state
from sidecar.demo.collectors import Places, configuration
from sidecar.demo.ports import choose, free
from sidecar.demo.state import STAND_IN, Collector, Demo, Started
from sidecar.engine.errors import indented
from sidecar.errors import SidecarError
from sidecar.plan import LOCAL_TOKEN_FILE, sample_services
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.recognition import LOCAL_TOKEN, mask
from sidecar.secrecy import child_environment
from sidecar.spec import AGENT_SUFFIX
from sidecar.verify.network.loopback import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sidecar.spec import Service

LOGS = "logs"
"""The folder of their logs, in the demo's folder."""
_READY = "gateway.json"
_TOKEN = "token"  # noqa: S105 - a file's name
_QUEUES = "queues"
_LOG_LINES = 10
_START_SECONDS = 30.0


def clear(folder: Path) -> None:
    """Remove what `start` writes, and the folders that are empty then."""
    logs, queues = folder / LOGS, folder / _QUEUES
    names = [service.name for service in sample_services()]
    agents = [f"{name}{AGENT_SUFFIX}" for name in names]
    for name in (STAND_IN, *names, *agents):
        (logs / f"{name}.log").unlink(missing_ok=True)
    for agent in agents:
        (folder / f"{agent}.yaml").unlink(missing_ok=True)
        shutil.rmtree(queues / agent, ignore_errors=True)
    (folder / _TOKEN).unlink(missing_ok=True)
    for path in (folder / _READY, folder / state.FILE):
        path.unlink(missing_ok=True)
        files.sweep([path])
    for empty in (logs, queues, folder):
        with suppress(OSError):  # a folder with other files stays
            empty.rmdir()


class Starter:
    """Starts all processes, then waits for them; the state file names each as soon as it runs."""

    def __init__(
        self,
        folder: Path,
        checkout: Path,
        say: Callable[[str], None],
        program: str = "",
        demo: Demo | None = None,
    ) -> None:
        """Take the collector's program, if there are to be any, and what runs already."""
        self._folder, self._checkout, self._say = folder, checkout, say
        self._program = program
        self._demo = demo or Demo()
        self._awaited: list[Callable[[], None]] = []

    def start(self) -> Demo:
        """Start everything and wait until it answers. Raises SidecarError where it does not."""
        (self._folder / LOGS).mkdir(parents=True, exist_ok=True)
        page = self._port("stand-in page", STAND_IN_PAGE_PORT)
        self._demo = Demo(page=f"http://127.0.0.1:{page}")
        services = sample_services()
        if self._program:
            self._demo = replace(self._demo, gateway=f"127.0.0.1:{free()}")
        else:
            agent = self._port("agent", COMPACT_PORT, socket.SOCK_DGRAM)
            self._demo = replace(self._demo, agent=f"127.0.0.1:{agent}")
        self._stand_in()
        if self._program:
            self._collectors([service.name for service in services])
        ports = {service.name: self._port(service.name, service.port or 0) for service in services}
        for service in reversed(services):  # the backend first
            self._service(service, ports)
        return self._wait()

    def restart_stand_in(self) -> Demo:
        """Start the stand-in again, at the same ports."""
        others = tuple(each for each in self._demo.processes if each.name != STAND_IN)
        self._demo = replace(self._demo, processes=())
        self._stand_in()
        # the first to start, it is the last to be stopped
        self._demo = replace(self._demo, processes=(*self._demo.processes, *others))
        state.save(self._folder, self._demo)
        return self._wait()

    def _wait(self) -> Demo:
        # none needs another one to start, and a start takes most of a second
        for wait in self._awaited:
            wait()
        return self._demo

    def _collectors(self, services: Sequence[str]) -> None:
        """Start a collector for each service; the demo's token is public."""
        token = (self._folder / _TOKEN).resolve()
        files.write(token, LOCAL_TOKEN.encode())
        for service in services:
            own = Collector(f"127.0.0.1:{free(socket.SOCK_DGRAM)}", free())
            known = {**self._demo.collectors, service: own}
            self._demo = replace(self._demo, collectors=known)
            name = f"{service}{AGENT_SUFFIX}"
            queue = (self._folder / _QUEUES / name).resolve()
            queue.mkdir(parents=True, exist_ok=True)
            places = Places(own.packets, own.metrics, self._demo.gateway, token, queue)
            path = (self._folder / f"{name}.yaml").resolve()
            files.write(path, configuration(service, places).encode())
            argv = [self._program, f"--config={path}"]
            self._run(name, argv, {}, partial(answers, f"{own.admin}/metrics", 2))

    def _port(self, name: str, preferred: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
        port = choose(preferred, kind)
        if port.holder:
            self._say(f"{name}: {port}")
        return port.number

    def _stand_in(self) -> None:
        # it writes the file once it listens: another program may answer at the port
        ready = self._folder.resolve() / _READY
        ready.unlink(missing_ok=True)
        argv = [
            *(sys.executable, "-m", "sidecar", "gateway"),
            f"--grpc={self._demo.gateway or '127.0.0.1:0'}",
            f"--http={self._demo.page.removeprefix('http://')}",
            *([f"--udp={self._demo.agent}"] if self._demo.agent else []),
            f"--token-file={self._checkout / LOCAL_TOKEN_FILE}",
            f"--ready-file={ready}",
        ]
        self._run(STAND_IN, argv, {}, ready.exists)

    def _service(self, service: Service, ports: Mapping[str, int]) -> None:
        url = f"http://127.0.0.1:{ports[service.name]}"
        agent_host, _, agent_port = self._demo.agent_of(service.name).rpartition(":")
        environment = {
            "HOST": "127.0.0.1",
            "PORT": str(ports[service.name]),
            "BACKEND_URL": f"http://127.0.0.1:{ports['backend']}",
            "JAEGER_AGENT_HOST": agent_host,
            "JAEGER_AGENT_PORT": agent_port,
            "JAEGER_SERVICE_NAME": service.name,
            # the environment's proxy is not for loopback
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
        self._demo = replace(self._demo, services={**self._demo.services, service.name: url})
        argv = [sys.executable, "-m", *service.command]
        self._run(service.name, argv, environment, lambda: answers(f"{url}/healthz", 2))

    def _run(
        self, name: str, argv: list[str], environment: Mapping[str, str], ready: Callable[[], bool]
    ) -> None:
        log = self._folder / LOGS / f"{name}.log"
        with signals.deferred():  # a process that no state file names could not be stopped
            process = self._spawn(argv, environment, log)
            started = Started(name, process.pid, psutil.Process(process.pid).create_time())
            self._demo = replace(self._demo, processes=(*self._demo.processes, started))
            state.save(self._folder, self._demo)
        self._awaited.append(lambda: _wait_for(name, ready, process, log))

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
            cause = f"ended with {process.returncode} while starting"
            raise SidecarError(name, f"{cause}\n{_end_of(log)}")
        if time.monotonic() > deadline:
            cause = f"does not answer after {_START_SECONDS:g} s"
            raise SidecarError(name, f"{cause}\n{_end_of(log)}")
        time.sleep(0.02)


def _end_of(log: Path) -> str:
    """Return the log's last lines: the log itself is removed with the failed start."""
    return indented(mask(log.read_text(encoding="utf-8", errors="replace")), _LOG_LINES)
