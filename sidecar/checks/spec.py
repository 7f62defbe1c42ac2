"""What a valid spec says that will probably disappoint: warnings, each with the line that said it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.checks.files import missing
from sidecar.findings import Finding, Severity
from sidecar.regions import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec.load import Loaded
    from sidecar.spec.records import Service

_FLOATING = {"", "latest", "stable", "edge", "nightly", "main", "master"}
_TOKEN = re.compile(r"Authentication=|[\w.-]+@[\w.-]+_[\w.-]+@[\w.-]+")
_SAMPLER, _PARAM = "JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM"
_FULL = "Use `sampling: {type: const, param: 1}` until traces arrive"


class Doubts:
    """Finds what is doubtful in one spec and its plan."""

    def __init__(self, loaded: Loaded, plan: Plan, region: Region) -> None:
        self._loaded = loaded
        self._region = region
        self._spec = loaded.spec
        self._plan = plan

    def all(self) -> list[Finding]:
        """Return every warning: the deployment's, then each service's."""
        services = self._spec.services or ()
        own = [finding for service in services for finding in self._service(service)]
        return [
            *self._network(),
            *self._agent_image(),
            *self._capacity(),
            *own,
        ]

    def _service(self, service: Service) -> Iterator[Finding]:
        path = f"services.{service.name}"
        yield from self._sampling(service, path)
        yield from self._image(service.image, f"{path}.image")
        yield from self._replicas(service, path)
        yield from self._environment(service, path)
        yield from self._missing(service, path)

    def _network(self) -> Iterator[Finding]:
        wish = self._spec.gateway
        if wish.network != "vpc" or wish.host is not None or self._region.id == LOCAL:
            return
        if self._region.doubtful:
            fix = "Ask the vendor, or use the public network"
            yield self._warning(
                "gateway.network", f"{self._region.id}: {self._region.doubtful}", fix
            )
        else:
            cause = f"{self._plan.gateway.host} answers inside the VPC of {self._plan.region} only"
            fix = "Run the agents there, or use the public network; whether they do cannot be seen from here"
            yield self._warning("gateway.network", cause, fix)

    def _sampling(self, service: Service, path: str) -> Iterator[Finding]:
        wish = service.sampling
        kind = service.environment.get(_SAMPLER, wish.type if wish else "const")
        param = _number(service.environment.get(_PARAM, str(wish.param) if wish else "1"))
        cause = _hidden(kind, param)
        if cause:
            environment = (f"{path}.environment.{_PARAM}", f"{path}.environment.{_SAMPLER}")
            given = [one for one in environment if one in self._loaded.provenance]
            said = f"{cause}: a trace that is not sampled looks like a lost one"
            places = [*given, f"{path}.sampling.param", f"{path}.sampling.type"]
            yield self._warning(f"{path}.sampling", said, _FULL, places)

    def _image(self, image: str | None, path: str) -> Iterator[Finding]:
        if image is not None and (tag := floating_tag(image)) is not None:
            said = f"has the floating tag {tag}" if tag else "has no tag, which means latest"
            yield self._warning(
                path, f"{said}: two machines may run two programs", "Name a version, or a digest"
            )

    def _agent_image(self) -> Iterator[Finding]:
        image, version = self._spec.agent.image, self._spec.agent.version
        yield from self._image(image, "agent.image")
        named = re.search(r":v?(\d+\.\d+\.\d+)(?:[-@].*)?$", image or "")
        if named and named[1] != version:
            cause = f"is of {named[1]}, and the flags are those of agent.version {version}"
            yield self._warning(
                "agent.image", cause, f"Set `version: {named[1]}`, or name the image of {version}"
            )

    def _replicas(self, service: Service, path: str) -> Iterator[Finding]:
        if service.publish and service.replicas > 1:
            ports = service.publish.ports(service.replicas)
            cause = f"its {service.replicas} replicas take the host's ports {ports[0]} to {ports[-1]}, one each"
            yield self._warning(
                f"{path}.publish", cause, "Put a load balancer before them, or publish nothing"
            )

    def _environment(self, service: Service, path: str) -> Iterator[Finding]:
        for name, value in service.environment.items():
            place = f"{path}.environment.{name}"
            if name in ("JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"):
                yield self._warning(
                    place, "leads away from the agent beside the service", "Leave it out"
                )
            if name == "JAEGER_TAGS" and any(part.count("=") != 1 for part in value.split(",")):
                cause = "is not KEY=VALUE,KEY=VALUE: jaeger-client raises ValueError when its tracer is made"
                yield self._warning(place, cause, "Leave out values that hold `=`")
            if _TOKEN.search(value):
                cause = "looks like a token, which anyone who may inspect the container can read"
                yield self._warning(
                    place, cause, "Take it out: the agent adds it, see sidecar token set"
                )

    def _missing(self, service: Service, path: str) -> Iterator[Finding]:
        for one in missing(service, self._loaded.folder):
            yield self._warning(f"{path}.{one.field}", one.cause, one.fix)

    def _warning(self, path: str, cause: str, fix: str, given: list[str] | None = None) -> Finding:
        return Finding(Severity.WARNING, path, self.place(*(given or [path])), cause, fix)

    def place(self, *paths: str) -> str:
        """Return where the first of the fields that was given was given; empty where all have their defaults."""
        origins = (self._loaded.provenance.get(path) for path in paths)
        return next(
            (origin.source for origin in origins if origin and origin.source != "default"), ""
        )

    def _capacity(self) -> Iterator[Finding]:
        capacity = self._spec.capacity
        for service in self._plan.services:
            ceiling = service.agent.tuning.ceiling_spans_per_second
            rate = capacity.spans_per_second * service.replicas
            if rate <= ceiling:
                continue
            cause = (
                f"{service.name}: {rate:,} spans/s is above the {ceiling:,} that its agent forwards at "
                f"{capacity.round_trip_ms} ms in stock batches; about {1 - ceiling / rate:.0%} would be lost"
            )
            fix = "Use sidecar_tracing's batches of 50, split the service, or take a nearer gateway"
            yield self._warning(
                "capacity", cause, fix, ["capacity.spans_per_second", "capacity.round_trip_ms"]
            )


def floating_tag(image: str) -> str | None:
    """Return the tag of an image's name that means another image tomorrow, "" where it has none; else None."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return None if digest or tag not in _FLOATING else tag


def _hidden(kind: str, param: float) -> str:
    """Return what a sampler keeps from the gateway; empty where it hides nothing."""
    if kind == "const":
        return "" if param else "the sampler reports no trace at all"
    if kind == "probabilistic":
        return f"the sampler hides {100 * (1 - param):.6g} % of all traces" if param < 1 else ""
    if kind == "ratelimiting":
        return f"the sampler reports at most {param:g} traces a second"
    return "the sampler asks the gateway for its share, through the agent; unanswered, it may hide most traces"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
