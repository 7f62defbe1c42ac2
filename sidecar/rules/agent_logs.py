"""What an agent's log says of spans that it could not hand on.

Lines of the log are never shown, because they may hold the token.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SET_IT = "Run `sidecar token set` with the token of the region"


def _error(rule: str, summary: str, fix: str, line: str) -> Rule:
    example = f"an agent's log with `{line}`"
    return Rule(
        rule, Severity.ERROR, summary, "The spans of the service do not arrive.", fix, example
    )


TOKEN_REFUSED = _error(
    "token-refused", "The gateway refused the token.", _SET_IT, "code = Unauthenticated"
)
NAME_UNRESOLVED = _error(
    "gateway-name-unresolved",
    "The name of the gateway does not resolve.",
    "Check the region and network: a VPC host resolves only in its VPC",
    "no such host",
)
CONNECTION_REFUSED = _error(
    "gateway-connection-refused",
    "The gateway refused the connection.",
    "Check host and port, and that the gateway runs",
    "connection refused",
)
UNREACHABLE = _error(
    "gateway-unreachable",
    "The gateway is out of reach.",
    "Open the network to it: firewall, security group, VPC, proxy",
    "i/o timeout",
)
TLS_FAILED = _error(
    "gateway-tls-failed",
    "TLS with the gateway failed.",
    "Check whether this gateway accepts TLS on this port",
    "authentication handshake failed",
)
NOT_GRPC = _error(
    "gateway-without-grpc",
    "What answers at the gateway's address does not accept Jaeger's gRPC.",
    "Check host and port; a proxy from the environment may answer instead: set NO_PROXY",
    "unexpected HTTP status code received from server: 404",
)
QUOTA_EXCEEDED = _error(
    "gateway-quota-exceeded",
    "The quota of the gateway is used up.",
    "See ingestion and quota in the console",
    "code = ResourceExhausted",
)
CONNECTION_BROKEN = _error(
    "gateway-connection-broken",
    "The connection to the gateway broke while the agent used it.",
    "Check whether the gateway restarts, or a proxy or load balancer closes connections",
    "error reading from server: EOF",
)
UNAVAILABLE = _error(
    "gateway-unavailable",
    "The gateway answers that it is unavailable.",
    "Check its state, and the network to it",
    "code = Unavailable",
)
GATEWAY_FAILED = _error(
    "gateway-failed-calls",
    "The gateway answered the agent's calls with an error.",
    "Check the state of the gateway",
    "code = Internal",
)
_OTHER_STATUSES = (
    *("Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"),
    *("FailedPrecondition", "Aborted", "OutOfRange", "Internal", "DataLoss"),
)
"""Of gRPC, without those that have a rule of their own."""
_UNRESOLVED = "the gateway's name does not resolve"
_SILENT_NAME_SERVER = (
    "Check the name server of the agent's container or node, and the network to it"
)


class Cause(NamedTuple):
    """What a line of a log tells."""

    rule: Rule
    pattern: re.Pattern[str]
    text: str
    fix: str | None = None
    """None: the rule's."""


CAUSES = (
    Cause(
        TOKEN_REFUSED,
        re.compile(r"Unauthenticated|PermissionDenied"),
        "the gateway refused the token",
    ),
    Cause(
        NAME_UNRESOLVED,
        re.compile(
            r"lookup \S+.*(i/o timeout|server misbehaving|[Tt]emporary failure|refused|unreachable)"
        ),
        f"{_UNRESOLVED}: its name server does not answer",
        _SILENT_NAME_SERVER,
    ),
    Cause(
        NAME_UNRESOLVED,
        re.compile(r"(?i)lookup \S+|no such host|produced zero addresses|name resolver error"),
        _UNRESOLVED,
    ),
    Cause(
        CONNECTION_REFUSED,
        re.compile(r"connection refused"),
        "the gateway refused the connection",
    ),
    Cause(
        TLS_FAILED,
        re.compile(r"certificate|tls:|authentication handshake failed"),
        "TLS with the gateway failed",
    ),
    Cause(
        NOT_GRPC,
        re.compile(
            r"code = Unimplemented|unexpected HTTP status|malformed header"
            r"|server preface(?!.*(?:connection reset|broken pipe|\bEOF\b))"
        ),
        "what answers at the gateway's address does not accept Jaeger's gRPC",
    ),
    Cause(
        UNREACHABLE,
        re.compile(
            r"i/o timeout|network is unreachable|no route to host"
            r"|dial.*(timed out|deadline exceeded)"
        ),
        "the gateway is out of reach",
    ),
    Cause(QUOTA_EXCEEDED, re.compile(r"ResourceExhausted"), "the gateway's quota is used up"),
    Cause(
        CONNECTION_BROKEN,
        re.compile(
            r"error reading from server|connection reset|broken pipe|transport is closing"
            r"|connection timed out|\bEOF\b|goaway|GOAWAY"
        ),
        "the connection to the gateway broke",
    ),
    Cause(UNAVAILABLE, re.compile(r"code = Unavailable"), "the gateway is not available"),
    *(
        Cause(GATEWAY_FAILED, re.compile(f"code = {status}"), f"the gateway answered {status}")
        for status in _OTHER_STATUSES
    ),
)
"""What to look for in a line, the most telling first."""
_FAILED_BATCHES = ("Could not send spans over gRPC", "Exporting failed. Dropping data")
"""What an agent, or a collector, writes once for each batch that it gives up."""
_REPEATS = "Exporting failed. Will retry"
"""What a collector writes of a batch that it keeps."""
_FIRST = re.compile(r'"interval": "(\d+(\.\d+)?ms|1(\.\d+)?s)"')
"""The pause after the first attempt, which is 1 s give or take a half; later ones are longer."""
_REPEATED_SECONDS = 35.0
"""The longest pause, and the longest call after it."""
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_SMALL_SHARE = 0.1


def logged(log: str, since: float = 0.0, causes: Sequence[Cause] = CAUSES) -> Problem | None:
    """Return the cause of most failures in an agent's log; None where it names none.

    Only lines from the Unix time `since` on count, and those without a time. Where no batch was
    given up, the most telling line is taken, such as one of a connection that failed. Of a batch
    that a collector keeps, the last attempt may have been before that time. `causes` are what
    lines may tell, the most telling first.
    """
    lines = [line for line in recent(log, since - _REPEATED_SECONDS) if _counts(line, since)]
    failed = [line for line in lines if any(text in line for text in _FAILED_BATCHES)]
    if failed:
        return _most(Counter(cause for line in failed if (cause := _cause_of(line, causes))))
    found = {cause for line in lines if (cause := _cause_of(line, causes))}
    first = min(found, key=causes.index, default=None)
    return first and first.rule.problem(first.text, first.fix)


def by_status(failed: Mapping[str, int]) -> Problem | None:
    """Return why a collector gave spans up, from its own counts by gRPC status."""
    causes: Counter[Cause] = Counter()
    for status, spans in failed.items():
        if cause := _cause_of(f"code = {status}", CAUSES):
            causes[cause] += spans
    return _most(causes)


def failing_since(log: str, now: float) -> float | None:
    """Return since when the last batch that a collector began to send fails, in Unix time.

    It still waits if no call has succeeded since. None where the log tells of no such batch, or has
    not told of it for so long that it was sent.
    """
    lines = [line for line in log.splitlines() if _REPEATS in line]
    first = [line for line in lines if _FIRST.search(line)]
    if not first or now - _time_of(lines[-1]) > _REPEATED_SECONDS:
        return None
    return _time_of(first[-1])


def queue_is_full(log: str, since: float = 0.0) -> bool:
    """Tell whether a collector's log says that its queue was full."""
    return any("sending queue is full" in line for line in recent(log, since))


def _counts(line: str, since: float) -> bool:
    return _REPEATS in line or _time_of(line) >= since


def recent(log: str, since: float) -> Iterator[str]:
    """Yield the lines of a log from the Unix time `since` on, and those without a time."""
    for line in log.splitlines():
        if " " in line.strip() and _time_of(line) >= since:  # without one, it is of a stack
            yield line


def _time_of(line: str) -> float:
    """Return when a line was written, in Unix time; infinity where it does not say so."""
    if moment := _ISO.match(line):
        whole = datetime.fromisoformat(moment[1]).replace(tzinfo=timezone.utc)
        return whole.timestamp() + float(moment[2] or 0)
    try:
        return float(json.loads(line)["ts"])
    except (ValueError, TypeError, KeyError):
        return float("inf")


def _cause_of(line: str, causes: Sequence[Cause]) -> Cause | None:
    return next((cause for cause in causes if cause.pattern.search(line)), None)


def _most(failures: Counter[Cause]) -> Problem | None:
    """Return the cause of most failures, with the shares of all that are not rare."""
    if not failures:
        return None
    total = failures.total()
    (main, count), *others = failures.most_common()
    shares = [
        f"{cause.text} ({number / total:.0%})"
        for cause, number in others
        if number / total >= _SMALL_SHARE
    ]
    text = f"{main.text} ({count / total:.0%} of the failures), {', '.join(shares)}"
    return main.rule.problem(text if shares else main.text, main.fix)
