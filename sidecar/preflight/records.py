"""The records of preflight: what is to run, and what each check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sidecar.rules.agents import STOCK_BATCH
from sidecar.rules.machines import CHECK_UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.errors import SidecarError
    from sidecar.findings import Finding, Problem
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod
    from sidecar.regions import Region
    from sidecar.stand_in.sockets import Address

OK, WARNING, ERROR, SKIPPED = "ok", "warning", "error", "skipped"

CHECKS: Mapping[str, tuple[str, str]] = {
    "engine": ("machine", "does the engine answer, and is it new enough?"),
    "compose": ("machine", "is there a Compose that is new enough?"),
    "disk": ("machine", "is there enough space on the engine's disk?"),
    "host-ports": ("machine", "are the published ports of the host free?"),
    "kubectl": ("cluster", "does the cluster answer, and is it new enough?"),
    "helm": ("cluster", "is there a Helm that is new enough?"),
    "cluster-rights": ("cluster", "may this user install the chart, and verify it?"),
    "images": ("images", "are the images there, for this processor?"),
    "agent-place": ("gateway", "from where can the gateway be checked?"),
    "gateway-region": ("gateway", "is the gateway's host one of the region's?"),
    "gateway-name": ("gateway", "does the name resolve where the agent runs?"),
    "gateway-port": ("gateway", "does the port accept connections from there?"),
    "gateway-protocol": ("gateway", "does it speak HTTP/2, as plain text or TLS?"),
    "round-trip": ("gateway", "are the agent's workers enough for the distance?"),
    "proxy": ("gateway", "is a proxy in the way?"),
    "clock": ("gateway", "is the clock right?"),
    "socket-buffer": ("kernel", "does the kernel grant the agent's receive buffer?"),
    "token-file": ("token", "is the token there, well-formed, and closed to others?"),
    "token-answer": ("token", "does the gateway's web port take the token?"),
    "token-in-git": ("token", "does git track the token file?"),
    "token-in-files": ("token", "do other files of the folder hold the token?"),
    "python-client": ("service", "can the image's Python import its tracing client?"),
    "sampler": ("service", "does the sampler keep every trace?"),
    "fork": ("service", "is the tracer created after the server forks?"),
}
"""Check → category, question."""


@dataclass(frozen=True)
class Result:
    """What one check found about one subject."""

    check: str
    """A key of CHECKS: what --only takes."""
    severity: str
    """ok, warning, error or skipped: could not be checked here."""
    subject: str
    cause: str
    fix: str = ""
    id: str = ""
    """The rule's id; empty for what is ok or skipped."""

    @property
    def category(self) -> str:
        """The group of the check."""
        return CHECKS[self.check][0]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"category": self.category, **asdict(self)}


def passed(check: str, subject: str, cause: str) -> Result:
    """Return a check that found nothing wrong."""
    return Result(check, OK, subject, cause)


def skipped(check: str, subject: str, cause: str, fix: str = "") -> Result:
    """Return a check that cannot be made here, with the reason."""
    return Result(check, SKIPPED, subject, cause, fix)


def not_made(check: str, subject: str, cause: str, error: SidecarError) -> Result:
    """Return a check that an error kept from being made: unfinished, or skipped."""
    if error.id == CHECK_UNFINISHED.id:
        return broken(check, subject, CHECK_UNFINISHED.problem(cause, error.fix))
    return skipped(check, subject, cause, error.fix)


def broken(check: str, subject: str, problem: Problem) -> Result:
    """Return a check that found a problem."""
    rule = problem.rule
    return Result(check, rule.severity.value, subject, problem.cause, problem.fix, rule.id)


def found(check: str, finding: Finding) -> Result:
    """Return a check that found what another part of the kit reports."""
    subject = finding.place or finding.subject
    return Result(check, finding.severity.value, subject, finding.cause, finding.fix, finding.id)


def judged(check: str, subject: str, problem: Problem | None, otherwise: str) -> Result:
    """Return the problem, or that the check found none."""
    return broken(check, subject, problem) if problem else passed(check, subject, otherwise)


@dataclass(frozen=True)
class Traced:
    """A service that is to run."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of its variables that a look into its image needs."""


@dataclass(frozen=True)
class AgentFacts:
    """What the arguments of an agent say, or those of the forwarder that collectors have."""

    gateway: Address
    tls: bool
    workers: int
    """Concurrent calls to the gateway."""
    buffer_bytes: int
    """0: the kernel's default."""
    spans_per_call: int = STOCK_BATCH
    is_http2: bool = True
    """False: OTLP over HTTP/1.1."""


@dataclass(frozen=True)
class Candidate:
    """A deployment that is to run, as far as preflight must know it."""

    target: str
    """compose, kubernetes or process."""
    region: str
    agent: AgentFacts
    network: str = "public"
    spans_per_second: int = 0
    """What one agent must carry; 0: not known here."""
    project: str = ""
    folder: Path | None = None
    token_file: Path | None = None
    tags_key: str = ""
    """What the agent's version reads; empty: not known here."""
    images: tuple[str, ...] = ()
    ports: tuple[tuple[str, Address], ...] = ()
    """Service, and where it is published on the host."""
    services: tuple[Traced, ...] = ()
    probe: str = ""
    """The image of short-lived containers and pods."""
    regions: Mapping[str, Region] = field(default_factory=dict, repr=False)
    kubectl: Kubectl | None = None
    """The namespace of the cluster that it goes to; None for other targets."""
    pod: Pod | None = field(default=None, repr=False)
    """One of a release that runs already, with an agent."""
    secret: str = ""
    """The Secret that the agents of a running release read."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """Requests and limits that a spec gives to agents in a cluster; else empty."""

    @property
    def is_local(self) -> bool:
        """Whether the gateway is the stand-in, a part of the deployment."""
        return self.region == "local"


@dataclass(frozen=True)
class Outcome:
    """All results of a preflight."""

    candidate: Candidate
    results: tuple[Result, ...]
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True where no check found an error; a skipped one is not an error."""
        return not self.of(ERROR)

    @property
    def failing(self) -> list[str]:
        """The checks that did not pass for a cause that may go: errors, and unfinished ones."""
        unfinished = CHECK_UNFINISHED.id
        return sorted(
            {each.check for each in self.results if each.severity == ERROR or each.id == unfinished}
        )

    def of(self, severity: str) -> Sequence[Result]:
        """Return the results of one severity."""
        return [result for result in self.results if result.severity == severity]

    def with_results(self, newer: Outcome) -> Outcome:
        """Return this outcome, with a newer one's results in place of those of the same checks."""
        again = {result.check for result in newer.results}
        kept = [result for result in self.results if result.check not in again]
        order = list(CHECKS)
        merged = sorted([*kept, *newer.results], key=lambda result: order.index(result.check))
        return replace(self, results=tuple(merged), seconds=self.seconds + newer.seconds)
