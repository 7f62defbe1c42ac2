"""What a rehearsal finds: spans that nobody counts, and a deployment that stays broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Rule, Severity

if TYPE_CHECKING:
    from sidecar.findings import Problem

UNACCOUNTED = Rule(
    "spans-unaccounted",
    Severity.ERROR,
    "Spans of a rehearsal neither arrived nor are counted as lost.",
    "The same fault in production loses spans that no counter and no alert shows.",
    "Rehearse that fault alone; if it happens again, report it with `--output json`",
    "1,000 spans sent, 700 arrived, 250 counted as lost",
)
TWO_GATEWAYS = Rule(
    "rehearsal-of-two-gateways",
    Severity.ERROR,
    "A release to be rehearsed has several stand-ins.",
    "A fault would affect one gateway, and spans would be counted at another.",
    "Install each chart as a release of its own, and rehearse them one by one",
    "a parent chart that has the chart twice, under aliases",
)
WITH_CANARY = Rule(
    "rehearsal-with-canary",
    Severity.ERROR,
    "A deployment to be rehearsed has a canary.",
    "What an agent loses arrives through its canary, so that neither of them is rehearsed.",
    "Remove agent.canary for the rehearsal; agent.kind decides which of the two is rehearsed",
    "agent: {kind: jaeger-agent, canary: collector}",
)
NOT_RECOVERED = Rule(
    "rehearsal-not-recovered",
    Severity.ERROR,
    "After a fault of a rehearsal ended, spans still did not arrive.",
    "The same fault in production goes on until somebody restarts a part.",
    "Run `sidecar verify` for the cause; `docker compose up --force-recreate`, in a cluster "
    "`kubectl rollout restart deployment`, restarts all",
    "60 s after the gateway is back, marked spans still fail",
)


def unaccounted(missing: int, sent: int, unseen: int = 0) -> Problem | None:
    """Judge the spans that neither arrived nor are counted as lost; no agent saw `unseen`."""
    if missing <= 0:
        return None
    cause = f"{missing} of {sent} spans neither arrived nor are counted as lost"
    if unseen:
        cause += f"; {unseen} left the client and reached no agent"
    return UNACCOUNTED.problem(cause)


def recovery(seconds: float | None, patience: float) -> Problem | None:
    """Judge how long after a fault's end all spans arrived again; None: not within `patience`."""
    if seconds is not None:
        return None
    return NOT_RECOVERED.problem(f"{patience:g} s after the fault's end, spans still do not arrive")


def stand_ins(number: int) -> Problem | None:
    """Judge how many charts of a release have a stand-in of their own."""
    return TWO_GATEWAYS.problem(f"has {number} stand-ins") if number > 1 else None


def canary(*, is_there: bool) -> Problem | None:
    """Judge whether a deployment delivers each span twice."""
    if not is_there:
        return None
    return WITH_CANARY.problem("has a canary, by which what its agents lose arrives all the same")
