"""What is decided about the token forwarder between collectors and their gateway."""

from __future__ import annotations

import math
import posixpath
from typing import TYPE_CHECKING

from sidecar.plan.names import free_name
from sidecar.plan.records import BARE_FILE, SERVICE_USER, ForwarderPlan, ImagePlan
from sidecar.plan.services import http_probe
from sidecar.regions import HTTP, HTTPS
from sidecar.rules import forwarders as rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidecar.image_names import Image
    from sidecar.plan.collectors import CollectorPlan
    from sidecar.regions import Gateway

_NAME = "sidecar-forwarder"
_PROGRAM = ("python", "-m", "sidecar.forwarder")
TOKEN_FOLDER = "/run/secrets/forwarder"  # noqa: S105 - a path
_WIRES = {HTTP: "http", HTTPS: "https"}
BASE_MIB = 96
CALL_MIB = 4
"""A call's spans as they came and as they go, if each collector sends its largest batches."""
MOST_CALLS = 256


def forwarder_name(services: Iterable[str]) -> str:
    """Return the forwarder's name, which is no service's and no agent's."""
    return free_name(_NAME, services)


def plan_forwarder(
    gateway: Gateway, collectors: Sequence[CollectorPlan], image: Image, *, tls: bool
) -> ForwarderPlan:
    """Return the forwarder of these collectors."""
    calls = min(MOST_CALLS, sum(each.buffer.consumers for each in collectors))
    return ForwarderPlan(
        name=collectors[0].forwarder,
        image=ImagePlan(image.name, image.variable, image.role),
        program=_PROGRAM,
        argv=argv(gateway, calls, tls=tls),
        health=http_probe(rules.STATE_PORT),
        user=SERVICE_USER,
        port=rules.GRPC_PORT,
        token_folder=TOKEN_FOLDER,
        memory_mib=memory_mib(calls),
        tcp_retries=None,
    )


def memory_mib(calls: int) -> int:
    """Return the memory for so many calls at a time."""
    return 64 * math.ceil((BASE_MIB + calls * CALL_MIB) / 64)


def argv(gateway: Gateway, calls: int, *, tls: bool) -> tuple[str, ...]:
    """Return the forwarder's arguments; `calls` at a time."""
    wire = _WIRES.get(gateway.protocol) or ("grpcs" if tls else "grpc")
    return (
        f"--gateway={gateway.address}",
        f"--protocol={wire}",
        f"--token-file={TOKEN_FOLDER}/{posixpath.basename(BARE_FILE)}",
        f"--calls={calls}",
    )
