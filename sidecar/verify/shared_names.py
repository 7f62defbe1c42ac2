"""Services that report under a name of another one: their spans cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules.service_reports import shared_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.findings import Problem
    from sidecar.verify.look import Look, ReplicaLook


def shared_names(looks: Mapping[str, Look]) -> dict[str, Problem]:
    """Return the services that report under a name of another one, with the problem.

    Pods that are looked at one by one may be of one service.
    """
    names = {service: set(_names(look)) for service, look in looks.items()}
    kin = {
        service: {one.service for one in look.replicas} - {""} for service, look in looks.items()
    }
    problems = {}
    for service, own in names.items():
        others = [other for other in names if other != service and not kin[service] & kin[other]]
        for name in sorted(own):
            sharing = [other for other in others if name in names[other]]
            if problem := shared_name(name, sharing):
                problems[service] = problem
    return problems


def _names(look: Look) -> Iterator[str]:
    for replica in look.replicas:
        yield from filter(None, _names_of(replica))


def _names_of(replica: ReplicaLook) -> list[str]:
    """Return the names that a replica's clients report under; else the one that it is told."""
    runtimes = replica.visit.after.runtimes if replica.visit else ()
    return [one.service for one in runtimes] or [
        replica.known_variables.get("JAEGER_SERVICE_NAME", "")
    ]
