"""The proof from inside a pod, with an agent on its loopback. `helm test` runs it.

`python -m sidecar.verify.pod.proof --service NAME [--gateway URL] [--request URL …]` sends marked
spans through the agent and judges each hop; with `--canary` it also compares what came through
agents with what came through collectors. Then it requests each URL, and reads the trace that the
answer names from the gateway. `--end-agent PROGRAM` ends an agent that is a plain container and
would keep the pod from ending; it may be repeated.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

import psutil

from sidecar.errors import SidecarError
from sidecar.forwarder.ask import call
from sidecar.rules import kinds
from sidecar.rules.collector_logs import answered
from sidecar.rules.forwarders import OK
from sidecar.rules.parts import words_of
from sidecar.rules.recognition import TOKEN_TAG
from sidecar.rules.service_reports import Facts
from sidecar.verify import canary, report, service, trace
from sidecar.verify.network import compared as canaries
from sidecar.verify.network import requests, seen
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import metrics_of, wait_for
from sidecar.verify.pod.deployment import PodDeployment, parser_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.findings import Problem
    from sidecar.verify.hops import Hop, Proof
    from sidecar.verify.network.seen import Seen

_POD = re.compile(r"(.+)-[a-z0-9]+-[a-z0-9]{5}")
_LONGEST_NAME = 63
"""Characters of a pod's host name."""


def main(arguments: list[str] | None = None) -> int:
    """Print the proof; 0 where every hop and every request is ok, else 1."""
    args = parser().parse_args(arguments)
    proven = False
    try:
        proven = _proven(args)
    finally:
        if args.end_agent:
            end(*args.end_agent, gently=proven)
    return 0 if proven else 1


class ProvingPod(PodDeployment):
    """A pod that may ask the forwarder itself: it cannot read the logs of other parts."""

    forwarder = ""
    """HOST:PORT of the collectors' forwarder; empty where there is none."""

    def gateway_trouble(self, service: str) -> Problem | None:  # noqa: ARG002 - one for all
        """Return why the forwarder does not get a call through to the gateway; None where it does.

        It answers only once the gateway does.
        """
        if not self.forwarder:
            return None
        code, words = call(self.forwarder)
        return None if code == OK else answered(words)


def _proven(args: argparse.Namespace) -> bool:
    await_agent(args.admin, args.start)
    tagged = not _is_collector(args.admin)
    began = time.time()
    deployment = ProvingPod(args.service, args.gateway, args.agent, args.admin)
    deployment.relays, deployment.forwarder = args.relays, args.forwarder
    try:
        proof = verify(deployment, args.spans, args.seconds, path_only=True)
        if proof.ok and args.gateway:
            own = tuple(reports(args.request, args.gateway, args.seconds))
            proof = replace(proof, hops=(*own, *proof.hops))
        if args.canary:
            proof = compared(proof, args, began)
        print(report.as_text(proof))
        for url in args.request:
            print(asked(url, args.gateway, args.seconds, tagged=tagged))
    except (SidecarError, OSError) as error:
        print(f"FAIL {error}", file=sys.stderr)
        return False
    return proof.ok


def compared(proof: Proof, args: argparse.Namespace, since: float) -> Proof:
    """Return a proof with what came through the canary since then, beside what the agents sent."""
    found = canaries.read(args.gateway, args.seconds, since)
    return canary.added(proof, [args.service], found)


def reports(urls: Sequence[str], gateway: str, seconds: float) -> Iterator[Hop]:
    """Yield the first hop of each service that a request reaches, as the stand-in shows it.

    A service that is asked must show spans of its own: those of another one, which it called or
    which reported meanwhile, prove nothing of it.
    """
    before = seen.read(gateway, (), 0)
    counted: dict[str, int] = {}
    for url in urls:
        answer = requests.ask(url, requests.new_trace_id())
        host = urlsplit(url).hostname or url
        if not answer.answered:
            yield service.hop_of(host, 0, Facts(unanswered=str(answer)))
            continue
        traced, own = _shown(gateway, answer.trace_id, host, before, seconds)
        counted.update(seen.by_service(traced) | own)
        if not own:
            yield service.hop_of(host, 0, Facts(answers=1))
    for name, spans in sorted(counted.items()):
        yield service.hop_of(name, spans, Facts(own=spans, answers=1))


def _shown(
    gateway: str, trace_id: str, host: str, before: Seen, seconds: float
) -> tuple[Mapping[str, int], dict[str, int]]:
    """Return a trace, and the own spans of the service at a host: 0 only after `seconds`.

    Each service reports when it likes: what it called may do so earlier.
    """

    def read() -> tuple[Mapping[str, int], dict[str, int]]:
        after = seen.read(gateway, (trace_id,), 0)
        traced = after.traces.get(trace_id, {})
        return traced, followed(traced, host) or grown(before.own, after.own, host)

    return wait_for(read, lambda shown: bool(shown[1]), seconds)


def followed(traced: Mapping[str, int], host: str) -> dict[str, int]:
    """Return the service at a host with its spans of a trace, which may have no host's name."""
    own = {key: spans for key, spans in traced.items() if key.endswith(" ") or is_of(key, host)}
    return seen.by_service(own)


def grown(before: Mapping[str, int], after: Mapping[str, int], host: str) -> dict[str, int]:
    """Return the service at a host with the spans that it has reported in between."""
    counts = {key: spans - before.get(key, 0) for key, spans in after.items() if is_of(key, host)}
    return seen.by_service({key: spans for key, spans in counts.items() if spans > 0})


def is_of(key: str, host: str) -> bool:
    """Tell whether "SERVICE HOST" is of the Deployment that a Service is named after.

    A pod is named after it, with a digest and five characters more, and cut so that it has 63.
    What tells no pod is known by the name of its component.
    """
    name, _, pod = key.rpartition(" ")
    if len(pod) == _LONGEST_NAME:
        return pod.startswith(f"{host}-"[: _LONGEST_NAME - 5])
    if named := _POD.fullmatch(pod):
        return named[1] == host
    return f"-{host}".endswith(f"-{name}")


def await_agent(admin: str, seconds: float) -> None:
    """Return once the agent answers, or after `seconds`: plain containers start concurrently."""
    wait_for(lambda: _answers(admin), bool, seconds)


def _answers(admin: str) -> bool:
    with suppress(OSError):
        metrics_of(admin)
        return True
    return False


def end(*programs: str, gently: bool) -> None:
    """End every process of some programs, by path or Python module: gently, or at once.

    At the gentle SIGTERM, an agent first sends what it holds, and waits as long as its gateway is
    silent. After a failed proof, that is not worth the wait.
    """
    modules = [["-m", program] for program in programs]
    number = signal.SIGTERM if gently else signal.SIGKILL
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        if words[0] in programs or words[1:3] in modules:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _is_collector(admin: str) -> bool:
    """Tell whether a collector is in the agent's place, which sends no token among the tags."""
    with suppress(OSError):  # of which verify tells the cause
        return kinds.of_text(fetch(f"{admin}/metrics")) is kinds.COLLECTOR
    return False


def asked(url: str, gateway: str | None, seconds: float, *, tagged: bool = True) -> str:
    """Return what a service answered, with its trace as the gateway shows it.

    Raises SidecarError where it does not answer, where its trace does not arrive in time, or where
    that has no token tag although it is `tagged`, or has one although it is not.
    """
    try:
        answer = fetch(url)
    except HTTPError as error:
        fix = "Give a path that it serves as the service's `example`, or see its pods"
        raise SidecarError(url, f"answers {error.code}", fix) from error
    except OSError as error:
        cause = f"does not answer: {words_of(error)}"
        raise SidecarError(url, cause, "See the service's pods") from error
    trace_id = _trace_id(answer)
    if gateway is None or trace_id is None:
        return f"{url}: answers"
    spans = trace.fetch_whole(gateway, trace_id, seconds)
    if len(spans) < trace.SPANS:
        cause = f"{len(spans)} spans of its trace {trace_id} arrived in {seconds:g} s"
        raise SidecarError(url, cause)
    _check_token_tag(gateway, trace_id, tagged=tagged)
    shown, way = trace.tree(spans), "with its" if tagged else "without a"
    return f"{url}: answers; its trace {trace_id}, accepted {way} token tag:\n{shown}"


def _trace_id(answer: str) -> str | None:
    try:
        data = json.loads(answer)
    except ValueError:
        return None
    found = data.get("trace_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _check_token_tag(gateway: str, trace_id: str, *, tagged: bool) -> None:
    found = json.loads(fetch(f"{gateway}/api/traces/{trace_id}"))["data"][0]
    wrong = set()
    for process in found["processes"].values():
        if tagged is not (TOKEN_TAG in {tag["key"] for tag in process["tags"]}):
            wrong.add(process["serviceName"])
    if wrong:
        names = ", ".join(sorted(wrong))
        way = "without the token's tag" if tagged else "with a token's tag"
        raise SidecarError(trace_id, f"spans of {names} came {way}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = parser_of("sidecar.verify.pod.proof", 20.0)
    parser.add_argument(
        "--gateway", metavar="URL", help="the stand-in's page; absent: the gateway shows no counts"
    )
    parser.add_argument(
        "--request", action="append", default=[], metavar="URL", help="may be repeated"
    )
    parser.add_argument(
        "--end-agent",
        metavar="PROGRAM",
        action="append",
        default=[],
        help="end the processes of this program at the end",
    )
    parser.add_argument(
        "--start",
        type=float,
        default=60.0,  # the chart lets native agents take as long, before this is started
        metavar="S",
        help="how long a plain container's agent may take to start (default: 60)",
    )
    parser.add_argument(
        "--forwarder", default="", metavar="HOST:PORT", help="the collectors' forwarder"
    )
    parser.add_argument("--canary", action="store_true", help="compare agents and collectors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
