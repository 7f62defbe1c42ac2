"""What survives an outage of the gateway on Kubernetes, while pods come and go."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import cluster, pod_service
from bench.children import Child, ChildError, running
from bench.measure import Figure, Measured, Options, Sample
from sidecar.errors import SidecarError
from sidecar.image_names import built_agent, built_collector, official
from sidecar.kubernetes.forward import forwarded
from sidecar.kubernetes.kubectl import kubectl_argv
from sidecar.kubernetes.pods import Pod
from sidecar.rules.collectors import DEFAULT_VERSION
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.verify.network.reader import read_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.kubernetes.kubectl import Kubectl

SECONDS = 300
RATE, PODS, RELAYS = 500, 2, 2
AGENTS, COLLECTORS = "agents", "collectors and relays"
FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered"),
    Figure("delivered_percent", "%", 2),
    Figure("duplicates", "twice"),
    Figure("all_s", "s until the last arrived", 1),
    Figure("rate", "spans/s from the first on"),
)
NOTE = (
    "Two pods make the spans. The gateway is away from the first span to the last. Half-way, one "
    "of the pods is deleted, and one of the two relays with a grace of 1 s. Seconds count from "
    "when the gateway is ready. Twice: counted by id at the gateway."
)
_START_SECONDS = 30
"""Until all pods know when to begin."""
_REPLACED_SECONDS = 120.0
_REPORT_SECONDS = 60.0
_QUIET_SECONDS = 45.0
"""As long as nothing comes, that much later nothing will: an exporter pauses up to 10 s."""
_MOST_SECONDS = 240.0
_POLL_SECONDS = 0.2


@dataclass
class _Way:
    """A release with two pods that make spans."""

    kubectl: Kubectl
    release: str
    files: tuple[Path, ...] = ()
    relays: dict[str, Any] = field(default_factory=dict)
    marker: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def gateway(self) -> str:
        """The name of its stand-in."""
        return f"{self.release}-gateway"

    @cached_property
    def values(self) -> dict[str, Any]:
        """The chart's values: one service in place of the sample's."""
        text = Path(pod_service.__file__).read_text(encoding="utf-8")
        web = {
            "command": ["python", "-u", "-c", text],
            "replicas": PODS,
            "runAsUser": 10001,
            "env": {"BENCH_RATE": str(RATE / PODS), "BENCH_MARKER": self.marker},
        }
        sample = {name: {"enabled": False} for name in ("frontend", "backend")}
        # a pod that starts in the outage makes its spans at once
        stand_in = {"waitSeconds": 0}
        return {"services": {**sample, "web": web}, "standIn": stand_in, **self.relays}


@dataclass
class _Arrival:
    """What has arrived of a way's spans, and when."""

    accepted: int = 0
    distinct: int = 0
    at_first: int = 0
    """As many had arrived at the first look that found some."""
    first: float = 0.0
    """Seconds since the gateway came, as the next."""
    last: float = 0.0

    def look(self, accepted: int, distinct: int, now: float) -> None:
        """Take a reading."""
        if accepted == self.accepted:
            return
        if not self.accepted:
            self.first, self.at_first = now, distinct
        self.accepted, self.distinct, self.last = accepted, distinct, now


def run(options: Options) -> Measured:
    """Measure both ways at the same time, in one outage. Raises Skipped without a cluster."""
    images = official()
    kinds = built_agent(), built_collector(DEFAULT_VERSION)
    cluster.find_cluster([images.sample.name, images.gateway.name, *kinds])
    seconds = options.load(SECONDS)
    with cluster.namespace() as kubectl, cluster.volumes(kubectl, RELAYS) as storage_class:
        ways = _installed(kubectl, storage_class)
        options.say("both releases are ready; the gateways go")
        started = _outage(ways, seconds, options)
        arrivals = _settled(ways, started)
    samples = {name: [_sample(arrivals[name], started[name])] for name in ways}
    title = f"Outage on Kubernetes of {seconds} s at {RATE} spans/s, pods deleted half-way"
    return Measured(title, FIGURES, samples, notes=(NOTE,))


def _installed(kubectl: Kubectl, storage_class: str) -> dict[str, _Way]:
    values = cluster.CHART / "ci" / "relay-values.yaml"
    relays = {"relay": {"replicas": RELAYS, "storageClass": storage_class}}
    ways = {
        AGENTS: _Way(kubectl, "agents"),
        COLLECTORS: _Way(kubectl, "relays", (values,), relays),
    }
    for way in ways.values():
        cluster.install(kubectl, way.release, way.values, *way.files)
    return ways


def _outage(ways: dict[str, _Way], seconds: int, options: Options) -> dict[str, int]:
    """Make all spans without a gateway, then start it; return how many spans were made."""
    for way in ways.values():
        cluster.scale(way.kubectl, way.gateway, 0)
    began = time.time() + _START_SECONDS
    moments = began, began + seconds
    known = {name: _told(way, moments, set()) for name, way in ways.items()}
    _wait_until(began + seconds / 2)
    with contextlib.ExitStack() as stack:
        followers = {name: _deleted(stack, way) for name, way in ways.items()}
        way = ways[COLLECTORS]
        relay = f"{way.release}-relay-0"
        way.kubectl.run("delete", "pod", relay, "--grace-period=1", "--wait=false")
        options.say("half-way: a pod of each release and a relay are deleted")
        first = {name: _made([child.line()]) for name, child in followers.items()}
    for name, way in ways.items():
        _told(way, moments, known[name])
    _wait_until(began + seconds)
    started = {name: first[name] + _reports(way) for name, way in ways.items()}
    options.say(f"made: {started}; the gateways come")
    for way in ways.values():
        cluster.scale(way.kubectl, way.gateway, 1)
    return started


def _told(way: _Way, moments: tuple[float, float], known: set[str]) -> set[str]:
    """Tell the pods that do not know it yet when to make spans; return the names of all pods."""
    deadline = time.monotonic() + _REPLACED_SECONDS
    line = " ".join(map(str, moments))
    code = f"open({str(pod_service.MOMENTS)!r}, 'w').write({line!r} + chr(10))"
    while True:
        names = set(cluster.pods(way.kubectl, way.release, "web"))
        with contextlib.suppress(SidecarError):  # one that is just being started
            for name in names - known:
                way.kubectl.run("exec", name, "--container=web", "--", "python", "-c", code)
                known = known | {name}
            if len(names) == PODS:
                return names
        if time.monotonic() > deadline:
            raise ChildError(f"{way.release}: not {PODS} pods within {_REPLACED_SECONDS:g} s")
        time.sleep(1)


def _deleted(stack: contextlib.ExitStack, way: _Way) -> Child:
    """Delete a pod that makes spans; return what follows its log."""
    pod = cluster.pods(way.kubectl, way.release, "web")[0]
    words = ("logs", "--follow", "--container=web", pod)
    child = stack.enter_context(running(kubectl_argv(*words, namespace=way.kubectl.namespace)))
    time.sleep(1)
    way.kubectl.run("delete", "pod", pod, "--wait=false")
    return child


def _reports(way: _Way) -> int:
    """Return how many spans the pods have made, once all have closed."""
    deadline, lines = time.monotonic() + _REPORT_SECONDS, [""]
    while not all(lines) and time.monotonic() < deadline:
        names = cluster.pods(way.kubectl, way.release, "web")
        lines = [way.kubectl.run("logs", "--container=web", name) for name in names]
        time.sleep(1)
    return _made(lines)


def _made(lines: Sequence[str]) -> int:
    return sum(int(json.loads(line)["started"]) for line in lines)


def _settled(ways: dict[str, _Way], started: dict[str, int]) -> dict[str, _Arrival]:
    """Wait until all spans of all ways have arrived, or nothing comes any more."""
    began = time.monotonic()
    found = {name: _Arrival() for name in ways}
    with contextlib.ExitStack() as stack:
        pages = {name: stack.enter_context(_page(way)) for name, way in ways.items()}
        while any(found[name].distinct < started[name] for name in ways):
            now = time.monotonic() - began
            latest = max(each.last for each in found.values())
            if now > min(_MOST_SECONDS, latest + _QUIET_SECONDS):
                break
            for name, way in ways.items():
                with contextlib.suppress(OSError):  # busy
                    counted = read_gateway(pages[name], way.marker)
                    found[name].look(counted.accepted, counted.distinct, now)
            time.sleep(_POLL_SECONDS)
    return found


@contextlib.contextmanager
def _page(way: _Way) -> Iterator[str]:
    """Yield the URL of a stand-in's page."""
    (name,) = cluster.pods(way.kubectl, way.release, "gateway")
    with forwarded(way.kubectl, Pod(name, way.kubectl.namespace, {}), STAND_IN_PAGE_PORT) as url:
        yield url


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def _sample(arrival: _Arrival, started: int) -> Sample:
    draining = max(arrival.last - arrival.first, _POLL_SECONDS)
    recovery = {
        "all_s": arrival.last,
        "rate": (arrival.distinct - arrival.at_first) / draining,
    }
    return {
        "started": started,
        "delivered": arrival.distinct,
        "delivered_percent": 100 * arrival.distinct / started,
        "duplicates": arrival.accepted - arrival.distinct,
        **(recovery if arrival.distinct else {}),
    }
