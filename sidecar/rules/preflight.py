"""What would keep a deployment from starting, or its agents from reaching the gateway."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agent_logs, hops
from sidecar.rules.agents import STOCK_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _error(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


def _warning(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, why, fix, example)


# The machine ----------------------------------------------------------------------------------

_DOES_NOT_START = "The deployment does not start."
LEAST_FREE = 512 * 2**20
"""Bytes that containers and their logs need, with all images present."""

ENGINE_UNUSABLE = _error(
    "engine-unusable",
    "The container engine does not answer, refuses this user, or is too old.",
    _DOES_NOT_START,
    "Start Docker Engine 20.10 or later; `docker version` must work for this user",
    "DOCKER_HOST=unix:///run/none.sock",
)
COMPOSE_UNUSABLE = _error(
    "compose-unusable",
    "Compose v2 is absent or too old.",
    _DOES_NOT_START,
    "Install Compose v2: https://docs.docker.com/compose/install/",
    "docker-compose 1.29.2",
)
DISK_FULL = _error(
    "disk-full",
    "The engine's disk has less than 512 MiB left.",
    "Images cannot be unpacked, and containers fail while they write.",
    "Free space; `docker system df` shows what the engine uses",
    "100 MiB left on /var/lib/docker",
)
PORT_TAKEN = _error(
    "host-port-taken",
    "A port of the host that the deployment publishes is taken.",
    "`docker compose up` fails at the service that publishes it.",
    "Stop that program, or choose another port",
    "publish: 8080, with a web server on 8080",
)
IMAGE_ABSENT = _warning(
    "image-not-present",
    "The engine does not have an image of the deployment.",
    "`up` must pull or build it first, which may fail or take minutes.",
    "Run `sidecar images`",
    "sidecar verify --pre, before sidecar images",
)
OTHER_ARCHITECTURE = _error(
    "image-of-another-architecture",
    "An image is for another processor than the engine's.",
    "Its containers end with `exec format error`, or run slowly in emulation.",
    "Pull or build the image for this architecture",
    "an arm64 image on an amd64 engine",
)
CHECK_UNFINISHED = _warning(
    "check-unfinished",
    "A check did not end in time.",
    "What it looks at is slow or hangs, and nothing is known of it.",
    "Try again; see whether the machine, the engine or the cluster is overloaded",
    "an engine that accepts connections and does not answer",
)
CLUSTER_UNUSABLE = _error(
    "cluster-unusable",
    "kubectl is absent, or the cluster does not answer or is older than 1.27.",
    _DOES_NOT_START,
    "Check `kubectl version`, KUBECONFIG and --context",
    "KUBECONFIG of a cluster that was removed",
)
HELM_UNUSABLE = _error(
    "helm-unusable",
    "Helm is absent, or older than 3.",
    "The chart cannot be installed from here.",
    "Install Helm 3 or 4: https://helm.sh/docs/intro/install/",
    "helm version v2.17.0",
)
CANNOT_INSTALL = _error(
    "install-right-missing",
    "The user lacks a right that the installation of the chart needs.",
    "`helm install` fails half-way.",
    "Ask for a Role with these verbs in the namespace, or install as another user",
    "a user with the role `view`",
)
CANNOT_VERIFY = _warning(
    "verify-right-missing",
    "The user lacks a right that `sidecar verify` needs.",
    "The deployment runs, and cannot be proven from here.",
    "Ask for the Role in docs/verify.md; `edit` and `admin` lack pods/ephemeralcontainers",
    "a user with the role `edit`",
)
OLDEST_KUBERNETES = (1, 27)
OLDEST_HELM = (3, 0)


def cluster(refusal: str, version: tuple[int, ...] = (), fix: str | None = None) -> Problem | None:
    """Judge why a cluster cannot be used, or its version."""
    if refusal:
        return CLUSTER_UNUSABLE.problem(refusal, fix)
    if version >= OLDEST_KUBERNETES:
        return None
    found = ".".join(map(str, version))
    return CLUSTER_UNUSABLE.problem(f"runs Kubernetes {found}, and the chart needs 1.27", "")


def helm(absence: str, version: tuple[int, ...] = ()) -> Problem | None:
    """Judge why there is no Helm, or its version."""
    if absence:
        return HELM_UNUSABLE.problem(absence)
    if version >= OLDEST_HELM:
        return None
    return HELM_UNUSABLE.problem(f"has version {'.'.join(map(str, version))}, 3 is needed")


def rights(lacking: Sequence[str], *, of_install: bool) -> Problem | None:
    """Judge the rights, as "verb resource", that a user lacks."""
    if not lacking:
        return None
    rule = CANNOT_INSTALL if of_install else CANNOT_VERIFY
    return rule.problem(f"may not {', '.join(lacking)}")


def engine(refusal: str, fix: str | None = None) -> Problem | None:
    """Judge why the engine cannot be used; empty: it can."""
    return ENGINE_UNUSABLE.problem(refusal, fix) if refusal else None


def compose(absence: str, fix: str | None = None) -> Problem | None:
    """Judge why Compose cannot be used; empty: it can."""
    return COMPOSE_UNUSABLE.problem(absence, fix) if absence else None


def disk(free: int) -> Problem | None:
    """Judge the free bytes of the engine's disk."""
    if free >= LEAST_FREE:
        return None
    return DISK_FULL.problem(f"has {free // 2**20} MiB left, {LEAST_FREE // 2**20} are needed")


def host_port(refusal: str, fix: str | None = None) -> Problem | None:
    """Judge why nothing can listen on a port of the host; empty: it is free."""
    return PORT_TAKEN.problem(refusal, fix) if refusal else None


def image(*, present: bool, fix: str | None = None) -> Problem | None:
    """Judge whether the engine has an image."""
    return None if present else IMAGE_ABSENT.problem("the engine does not have it", fix)


def architecture(image: str, engine: str) -> Problem | None:
    """Judge an image's architecture against the engine's, both as Go names them."""
    if not image or not engine or image == engine:
        return None
    return OTHER_ARCHITECTURE.problem(f"is for {image}, and the engine runs {engine}")


def unfinished(seconds: float) -> Problem:
    """Return what is reported of a check that did not end in time."""
    return CHECK_UNFINISHED.problem(f"did not end within {seconds:g} s")


# The gateway, from the place of the agent -----------------------------------------------------

_NONE_ARRIVES = "No span arrives."
SLOWEST_CLOCK = 30.0
"""Seconds that two clocks may differ."""

OTHER_REGION = _error(
    "gateway-of-another-region",
    "The agent's gateway is a host of another region than the deployment's.",
    "A token is valid in its region only: the gateway refuses every span.",
    "Use the host of the region, or name the other region",
    "region: cn-shanghai with the gateway tracing-analysis-dc-hz.aliyuncs.com",
)
VPC_OUT_OF_REACH = _error(
    "vpc-gateway-out-of-reach",
    "The VPC host of a region does not answer from the place of the agent.",
    "It answers only inside the region's VPC; elsewhere no span arrives.",
    "Run the agents in that VPC, or use --network public",
    "--network vpc on a machine outside the VPC",
)
SPEAKS_TLS = _error(
    "gateway-speaks-tls",
    "The gateway's port speaks TLS, and the agent plain text.",
    _NONE_ARRIVES,
    "Set `gateway: {tls: true}` in the spec, and render again",
    "gateway: {port: 443} without tls",
)
SPEAKS_PLAIN = _error(
    "gateway-speaks-plain-text",
    "The gateway's port speaks plain HTTP/2, and the agent TLS.",
    _NONE_ARRIVES,
    "Remove `tls: true` from the spec's gateway, and render again",
    "gateway: {tls: true} for the port 1883",
)
SPEAKS_HTTP1 = _error(
    "gateway-speaks-http1",
    "What answers at the gateway's port speaks HTTP/1, and the agent HTTP/2.",
    "A proxy or another web server is in the way. No span arrives.",
    "Check host and port; let the agent pass the proxy (NO_PROXY, or a rule of the firewall)",
    "gateway: {port: 80}",
)
NOT_GRPC = _error(
    "gateway-speaks-no-grpc",
    "What answers at the gateway's port is not a gRPC server.",
    _NONE_ARRIVES,
    "Check host and port: a gateway takes Jaeger's gRPC on 1883",
    "gateway: {port: 22}",
)
PROXY = _warning(
    "proxy-in-the-way",
    "A proxy variable applies to the gateway in the agent's place.",
    "gRPC obeys it: spans go to the proxy, which often speaks HTTP/1 only.",
    "Add the gateway's host to NO_PROXY there",
    "HTTPS_PROXY=http://proxy:3128 in the environment of an agent",
)
ROUND_TRIP = _warning(
    "round-trip-above-capacity",
    "The gateway is further away than the agent's workers are sized for.",
    "At full rate the agent's queue fills, and the agent drops packets.",
    "Set `capacity: {round_trip_ms: N}` in the spec, and render again",
    "capacity: {round_trip_ms: 50} with a gateway 200 ms away",
)
CLOCK = _warning(
    "clock-skewed",
    "The clock of the agent's place differs from the gateway's.",
    "Spans appear at the wrong time in the console, or outside the time that it shows.",
    "Synchronize the clock (chrony, systemd-timesyncd)",
    "a clock that is 10 minutes behind",
)
SMALL_BUFFER = _warning(
    "socket-buffer-capped",
    "The kernel gives the agent's socket a smaller buffer than its flag asks for.",
    "A burst overflows the buffer, and the kernel drops packets that the agent never counts.",
    "Run `sysctl -w net.core.rmem_max=4194304` on the host, and keep it in /etc/sysctl.d",
    "net.core.rmem_max = 212992",
)


def region(of_host: str, wanted: str) -> Problem | None:
    """Judge the region that the catalogue has for a gateway's host; empty: none."""
    if not of_host or of_host == wanted:
        return None
    cause = f"is a gateway of {of_host}, and the deployment is for {wanted}"
    return OTHER_REGION.problem(cause)


def resolved(error: str, network: str) -> Problem | None:
    """Judge why a gateway's name does not resolve; empty: it does."""
    if not error:
        return None
    if network == "vpc":
        return VPC_OUT_OF_REACH.problem(f"is a VPC host, and does not resolve here: {error}")
    return agent_logs.NAME_UNRESOLVED.problem(
        f"does not resolve: {error}",
        "Check the spelling, and the DNS server of the agent's place",
    )


def connected(error: str, network: str) -> Problem | None:
    """Judge why a connection to a gateway fails; empty: it succeeds."""
    if not error:
        return None
    if network == "vpc":
        return VPC_OUT_OF_REACH.problem(f"is of a VPC host, and does not answer here: {error}")
    if error == "refused":
        return agent_logs.CONNECTION_REFUSED.problem("refuses the connection")
    return agent_logs.UNREACHABLE.problem(f"is out of reach: {error}")


_SPOKEN = {
    "tls": (SPEAKS_TLS, "speaks TLS, and the agent is set to plain text"),
    "http1": (SPEAKS_HTTP1, "answers in HTTP/1: a proxy or a web server is in the way"),
    "silent": (hops.SILENT, "accepts connections and says nothing"),
}


def protocol(spoken: str, *, tls: bool, tls_error: str = "") -> Problem | None:
    """Judge what a gateway's port speaks: http2 (in plain text), tls, http1, silent, other."""
    if tls:
        return _with_tls(spoken, tls_error)
    if spoken == "http2":
        return None
    rule, cause = _SPOKEN.get(spoken, (NOT_GRPC, f"does not speak HTTP/2: {spoken}"))
    return rule.problem(cause)


def _with_tls(spoken: str, error: str) -> Problem | None:
    if not error:
        return None
    if spoken == "http2":
        return SPEAKS_PLAIN.problem("speaks plain HTTP/2, and the agent is set to TLS")
    if spoken in ("http1", "silent"):
        rule, cause = _SPOKEN[spoken]
        return rule.problem(cause)
    return agent_logs.TLS_FAILED.problem(f"TLS fails: {error}")


def proxy(variables: Sequence[str]) -> Problem | None:
    """Judge the proxy variables that apply to the gateway in the agent's place."""
    return PROXY.problem(f"{', '.join(variables)} applies to it") if variables else None


def ceiling(workers: int, milliseconds: float) -> int:
    """Return the spans per second that workers forward, one call at a time each."""
    return math.floor(workers * STOCK_BATCH * 1000 / max(milliseconds, 0.1))


def proposed_round_trip(milliseconds: float) -> int:
    """Return the value for `capacity.round_trip_ms`: a call takes longer than a ping."""
    return max(10, 10 * math.ceil(milliseconds * 1.5 / 10))


def round_trip(milliseconds: float, workers: int, spans_per_second: int) -> Problem | None:
    """Judge the measured round trip for an agent's workers and the rate that it must carry."""
    most = ceiling(workers, milliseconds)
    if most >= spans_per_second:
        return None
    proposal = proposed_round_trip(milliseconds)
    cause = (
        f"a round trip takes {milliseconds:.0f} ms: {workers} workers forward at most {most} "
        f"spans/s, {spans_per_second} are planned"
    )
    fix = f"Set `capacity: {{round_trip_ms: {proposal}}}` in the spec, and render again"
    return ROUND_TRIP.problem(cause, fix)


def clock(seconds: float) -> Problem | None:
    """Judge how far the clock is ahead of the gateway's."""
    if abs(seconds) <= SLOWEST_CLOCK:
        return None
    direction = "ahead of" if seconds > 0 else "behind"
    return CLOCK.problem(f"the clock is {abs(seconds):.0f} s {direction} the gateway's")


def socket_buffer(granted: int, wanted: int) -> Problem | None:
    """Judge the bytes that the kernel grants to the agent's socket."""
    if granted >= wanted:
        return None
    cause = f"the kernel grants {granted} of {wanted} bytes (net.core.rmem_max)"
    return SMALL_BUFFER.problem(cause)


VENDOR_ANSWERS: Mapping[int, str] = {
    400: "the format is wrong",
    403: "the endpoint or the token is wrong",
    405: "the quota is used up",
    406: "the collection of spans is switched off",
}
"""HTTP status of a region's gateway → what the vendor means by it."""


def vendor_answer(status: int) -> str:
    """Return a status of a region's gateway with its meaning, where the vendor gives it one."""
    meaning = VENDOR_ANSWERS.get(status)
    return f"{status} ({meaning})" if meaning else str(status)


_REFUSALS = (403, 405, 406)


def takes_token(status: int) -> bool:
    """Tell whether a status means that the token passed: only what was sent is judged then."""
    return 200 <= status < 300 or status == 400


def token_answer(status: int) -> Problem | None:
    """Judge the status with which a gateway's web port answers to a token without spans."""
    if status not in _REFUSALS:
        return None
    return ANSWER.problem(f"answers {vendor_answer(status)} to the token")


# The token ------------------------------------------------------------------------------------

IN_GIT = _error(
    "token-in-git",
    "git tracks the token file.",
    "Everybody who can read the repository can send spans in your name.",
    "Run `git rm --cached` on it, ignore it, and rotate the token",
    "git add --force secrets/agent.yaml",
)
IN_HISTORY = _error(
    "token-in-git-history",
    "A commit of the repository holds the token file.",
    "Removing the file later does not remove it from the history.",
    "Rotate the token: the old one is known to everybody who can read the repository",
    "a commit that added secrets/agent.yaml, and one that removed it",
)
ANSWER = _warning(
    "token-refused-at-web-port",
    "The gateway's web port refuses the token, or reports a quota or a switch.",
    "The gateway will probably refuse the agents' spans as well.",
    "Set the token of this region; see quota and collection switch in the console",
    "HTTP 403 to the token of another region",
)
NOT_IGNORED = _warning(
    "token-not-ignored",
    "git does not ignore the token file.",
    "The next `git add .` commits the token.",
    "Add it to .gitignore",
    "build/cn-shanghai/secrets/agent.yaml without a line in .gitignore",
)
IN_FILE = _error(
    "token-in-rendered-file",
    "A file of the folder, other than the token file, holds the token.",
    "Files of a rendering are copied, committed and shown; the token is then public.",
    "Remove it there, and rotate the token",
    "the token pasted into docker-compose.yml",
)


def git(commit: str, *, tracked: bool, ignored: bool) -> Problem | None:
    """Judge what git knows of a token file; `commit` is the last one that has it, or empty."""
    if tracked:
        return IN_GIT.problem("git tracks it")
    if commit:
        return IN_HISTORY.problem(f"commit {commit} of this repository holds it")
    return None if ignored else NOT_IGNORED.problem("git does not ignore it")


def rendered_file(*, holds_token: bool) -> Problem | None:
    """Judge a file next to the token file."""
    return IN_FILE.problem("holds the token") if holds_token else None
