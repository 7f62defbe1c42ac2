"""A rehearsal on a demo without containers: signals and the stand-in's API disturb it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil

from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.processes import running
from sidecar.demo.state import STAND_IN
from sidecar.errors import SidecarError
from sidecar.rehearsal.stage import DELAY, KILL, LEAVE, Sent
from sidecar.rules.parts import words_of
from sidecar.stand_in import client as stand_in
from sidecar.stand_in.sockets import Address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.verify.counts import ClientCounts

_NO_AGENT = "no agent runs here"


class ProcessStage(ProcessDeployment):
    """The processes of a demo; the stand-in takes the agent's part, too."""

    lacks: Mapping[str, str] = {
        DELAY: _NO_AGENT,
        LEAVE: "the gateway has no network of its own here",
        KILL: _NO_AGENT,
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sent: list[Sent] = []
        demo = running(folder)
        self._api = Address.parse(urlsplit(demo.page).netloc)
        (stand_in,) = [one for one in demo.processes if one.name == STAND_IN]
        self._process = psutil.Process(stand_in.pid)

    def begin(self) -> None:
        """Nothing: no agent runs that has a log."""

    def agents(self) -> Sequence[str]:
        """Return one service: all share the stand-in's port."""
        return self.services()[:1]

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans, and record them."""
        client = super().send(service, marker, spans)
        self.sent.append(Sent(service, marker, client))
        return client

    def faults(self) -> Mapping[str, Any]:
        """Return the stand-in's active faults."""
        try:
            return stand_in.active_faults(self._api)
        except OSError as error:
            raise self._refused(error) from error

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the stand-in's faults, by one set after the other."""
        self.resume_agents()  # it does not answer otherwise
        try:
            for each in faults:
                stand_in.set_faults(self._api, json.dumps(each))
        except (OSError, stand_in.RefusedError) as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> SidecarError:
        return SidecarError(
            str(self._api), f"its faults cannot be set: {words_of(error)}", "Run `make demo`"
        )

    def pause_agents(self) -> None:
        """Stop the stand-in where it is."""
        self._process.suspend()

    def resume_agents(self) -> None:
        """Let it go on."""
        with suppress(psutil.NoSuchProcess):
            self._process.resume()

    def kill_agents(self) -> None:
        """Nothing: see `lacks`."""

    def start_agents(self) -> None:
        """Nothing: see `lacks`."""

    def leave(self) -> None:
        """Nothing: see `lacks`."""

    def rejoin(self) -> None:
        """Nothing: see `lacks`."""

    def close(self) -> None:
        """Nothing: the rehearsal starts no process that stays."""
