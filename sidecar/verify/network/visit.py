"""A visit to one replica of a service, in its network namespace: a short-lived container runs it.

`python -m sidecar.verify.network.visit --service NAME [--marker M --spans N] [--request URL …]`
reads the namespace, sends requests and marked spans, waits until the service has reported, reads
again, and prints what it found as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.verify.counts import AgentCounts, ClientCounts, agent_counts_of, client_counts
from sidecar.verify.network import namespace, requests
from sidecar.verify.network.marked import send_marked
from sidecar.verify.network.reader import read_agent
from sidecar.verify.network.requests import Answer
from sidecar.verify.network.runtimes import Runtime, read_runtimes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sidecar.verify.network.namespace import Reading

_POLL_SECONDS = 0.05
_REPORT_SECONDS = 3.0
"""How long to wait for a runtime's spans: it flushes every second."""
_BLIND_SECONDS = 1.5
"""How long to wait for those of a client that shows no statistics."""


@dataclass(frozen=True)
class Errand:
    """What to do in a namespace."""

    service: str
    marker: str = ""
    spans: int = 0
    """Marked spans to send; 0: none."""
    agent: str = ""
    """HOST:PORT to send them to; empty: the JAEGER_AGENT_ variables."""
    urls: tuple[str, ...] = ()
    traced: bool = False
    """Whether to send each request once more, with a trace id."""
    patient: bool = False
    """Whether requests to other services may let this one report."""
    admin: str = ""
    """URL of the agent's admin port, to read it before anything is sent; empty: do not."""
    hosts: tuple[str, ...] = ()
    """Names to resolve there."""
    variables: bool = False
    """Whether other processes of the namespace's owner can be seen."""
    pids: Collection[int] | None = None
    """Whose runtimes count; None: all in the namespace."""


@dataclass(frozen=True)
class Visit:
    """What was found in the namespace of one replica."""

    before: tuple[Runtime, ...]
    """The runtimes before anything was asked of them."""
    after: Reading
    client: ClientCounts | None = None
    answers: tuple[Answer, ...] = ()
    failed: str = ""
    """Why the marked spans could not be sent."""
    agent: AgentCounts | None = None
    """The agent's counts before, without those of its kernel; None where they were not read."""


def visit(errand: Errand) -> Visit:
    """Do an errand in this network namespace."""
    agent = _agent(errand.admin)
    with ThreadPoolExecutor(1) as pool:
        marked = pool.submit(_marked, errand)  # its start takes as long as all the rest
        before = tuple(read_runtimes(errand.pids)[0])
        answers = tuple(requests.ask(url) for url in errand.urls)
        _await_report(errand, before)
        client, failed = marked.result()
    after = namespace.read(errand.hosts, errand.pids, variables=errand.variables)
    if errand.traced:  # a request with a trace id says nothing of the service's own sampler
        answers += tuple(requests.ask(url, requests.new_trace_id()) for url in errand.urls)
    return Visit(before, after, client, answers, failed, agent)


def as_line(found: Visit) -> str:
    """Return a visit as one line of JSON."""
    return json.dumps(asdict(found))


def from_dict(data: Mapping[str, Any]) -> Visit:
    """Return the visit that `as_line` wrote."""
    return Visit(
        before=tuple(Runtime(**one) for one in data["before"]),
        after=namespace.from_dict(data["after"]),
        client=data["client"] and client_counts(data["client"]),
        answers=tuple(Answer(**answer) for answer in data["answers"]),
        failed=data["failed"],
        agent=data["agent"] and agent_counts_of(data["agent"]),
    )


def _agent(admin: str) -> AgentCounts | None:
    if not admin:
        return None
    try:
        return read_agent(admin)
    except (OSError, ValueError):
        return None


def _marked(errand: Errand) -> tuple[ClientCounts | None, str]:
    if not errand.spans:
        return None, ""
    try:
        return send_marked(errand.service, errand.marker, errand.spans, errand.agent), ""
    except SidecarError as error:
        return None, error.cause


def _await_report(errand: Errand, before: Collection[Runtime]) -> None:
    """Return when the runtimes have sent what is asked of them, or after some seconds."""
    if not before:
        if errand.urls or errand.patient:
            time.sleep(_BLIND_SECONDS)
        return
    known = _done(before) if errand.urls else 0
    deadline = time.monotonic() + _REPORT_SECONDS
    while time.monotonic() < deadline:
        now = read_runtimes(errand.pids)[0]
        expected = errand.urls or errand.patient or any(one.queued for one in now)
        if _done(now) > known or not expected:
            return
        time.sleep(_POLL_SECONDS)


def _done(runtimes: Collection[Runtime]) -> int:
    return sum(one.sent + one.sampled_out + sum(one.dropped.values()) for one in runtimes)


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; what the service does wrong is part of it, not a failure."""
    args = _parser().parse_args(arguments)
    errand = Errand(
        service=args.service,
        marker=args.marker,
        spans=args.spans,
        urls=tuple(args.request),
        traced=args.traced,
        patient=args.patient,
        admin=args.admin,
        hosts=tuple(args.host),
        variables=args.variables,
    )
    print(as_line(visit(errand)), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sidecar.verify.network.visit")
    parser.add_argument("--service", required=True)
    parser.add_argument("--marker", default="", help="value of each span's marker tag")
    parser.add_argument("--spans", type=int, default=0, help="marked spans to send")
    parser.add_argument("--request", action="append", default=[], metavar="URL")
    parser.add_argument("--traced", action="store_true", help="ask again, with a trace id")
    parser.add_argument("--patient", action="store_true", help="others were asked")
    parser.add_argument("--admin", default="", metavar="URL", help="the agent's, to read it first")
    parser.add_argument("--host", action="append", default=[], help="a name to resolve here")
    parser.add_argument("--variables", action="store_true", help="read other processes' variables")
    return parser


if __name__ == "__main__":
    sys.exit(main())
