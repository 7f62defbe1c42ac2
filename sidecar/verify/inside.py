"""The proof from inside a pod: an agent beside this program, on its loopback. `helm test` runs it.

`python -m sidecar.verify.inside --service NAME [--gateway URL] [--request URL …]`: sends marked spans through the
agent and judges each hop; then asks each URL, and reads the trace that the answer names back from the gateway.
`--end-agent PROGRAM` ends an agent that is a plain container and would keep the pod from ending.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.verify import neighbour, probe, trace
from sidecar.verify import report as reports
from sidecar.verify.deployment import Stepwise
from sidecar.verify.hops import RECEIVED
from sidecar.verify.loopback import fetch
from sidecar.verify.options import AGENT, parser_of
from sidecar.verify.reader import ADMIN, read_agent, read_gateway, wait_for
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
    from sidecar.verify.reader import Settling

_TOKEN_TAG = "Authentication"  # noqa: S105 - the tag's key


class PodDeployment(Stepwise):
    """One pod: its agent answers on loopback."""

    side_by_side = 1
    received = RECEIVED

    def __init__(
        self, service: str, gateway: str | None, agent: str = AGENT, admin: str = ADMIN
    ) -> None:
        self._service, self._gateway, self._agent, self._admin = service, gateway, agent, admin

    def services(self) -> Sequence[str]:
        """Return the one name that spans are sent under."""
        return (self._service,)

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the agent."""
        return probe.send(service, marker, spans, self._agent)

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:  # noqa: ARG002 - one service
        """Return the counts of the agent beside this program."""
        port = int(self._agent.rpartition(":")[2])
        return self._settled(self._admin, lambda: read_agent(self._admin, port), settled, seconds)

    def agent_log(self, service: str) -> str:  # noqa: ARG002
        """Return nothing: a container cannot read another's log."""
        return ""

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real gateway."""
        page = self._gateway
        return (
            None
            if page is None
            else self._settled(page, lambda: read_gateway(page, marker), settled, seconds)
        )

    def _settled(
        self, place: str, read: Callable[[], Settling], settled: int, seconds: float
    ) -> Settling:
        try:
            return wait_for(read, lambda counts: counts.settled >= settled, seconds)
        except OSError as error:
            raise SidecarError(
                place, f"does not answer: {error}", "See the pod's containers and their logs"
            ) from error


def main(arguments: list[str] | None = None) -> int:
    """Print the proof; 0 where every hop and every request is fine, else 1."""
    args = _parser().parse_args(arguments)
    proven = False
    try:
        proven = _proven(args)
    finally:
        if args.end_agent:
            neighbour.end(args.end_agent, well=proven)
    return 0 if proven else 1


def _proven(args: argparse.Namespace) -> bool:
    neighbour.await_start(args.admin, args.seconds)
    try:
        report = verify(
            PodDeployment(args.service, args.gateway, args.agent, args.admin),
            args.spans,
            args.seconds,
        )
        print(reports.as_text(report))
        for url in args.request:
            print(asked(url, args.gateway, args.seconds))
    except SidecarError as error:
        print(f"FAIL {error}", file=sys.stderr)
        return False
    return report.ok


def asked(url: str, gateway: str | None, seconds: float) -> str:
    """Return what a service answered, with its trace as the gateway shows it.

    Raises SidecarError where it does not answer, or its trace or the trace's token tag is not there in time.
    """
    try:
        answer = fetch(url)
    except OSError as error:
        raise SidecarError(url, f"does not answer: {error}", "See the service's pods") from error
    trace_id = _trace_id(answer)
    if gateway is None or trace_id is None:
        return f"{url}: answers"
    rows = wait_for(
        lambda: trace.fetch(gateway, trace_id), lambda found: len(found) >= trace.SPANS, seconds
    )
    if len(rows) < trace.SPANS:
        raise SidecarError(
            url, f"{len(rows)} spans of its trace {trace_id} arrived in {seconds:g} s"
        )
    _check_token_tag(gateway, trace_id)
    return f"{url}: answers; its trace {trace_id}, accepted with its token tag:\n{trace.tree(rows)}"


def _trace_id(answer: str) -> str | None:
    try:
        data = json.loads(answer)
    except ValueError:
        return None
    found = data.get("trace_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _check_token_tag(gateway: str, trace_id: str) -> None:
    shown = json.loads(fetch(f"{gateway}/api/traces/{trace_id}"))["data"][0]["processes"].values()
    bare = [
        one["serviceName"] for one in shown if _TOKEN_TAG not in {tag["key"] for tag in one["tags"]}
    ]
    if bare:
        raise SidecarError(
            trace_id, f"spans of {', '.join(sorted(set(bare)))} came without the token's tag"
        )


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("sidecar.verify.inside", 20.0)
    parser.add_argument(
        "--gateway", metavar="URL", help="the stand-in's page; absent: the gateway shows no counts"
    )
    parser.add_argument(
        "--request", action="append", default=[], metavar="URL", help="what to ask; may be repeated"
    )
    parser.add_argument(
        "--end-agent", metavar="PROGRAM", help="end the processes of this program at last"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
