"""What of a service holds the host name of another one, as only Compose resolves it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

HOST_OF_COMPOSE = Rule(
    "chart-keeps-compose-host",
    Severity.WARNING,
    "A variable or command holds the host name of a service, as only Compose resolves it.",
    "In a cluster the host is called RELEASE-NAME: calls fail, or are refused as foreign.",
    "Give it the name in the cluster, in kubernetes.env or in a layer for the cluster",
    "environment: {ALLOWED_HOSTS: 'web,localhost'}, in a spec with the service web",
)
_OF_HOSTS = frozenset(
    (
        *("addr", "address", "broker", "domain", "endpoint", "host", "hostname", "ip", "node"),
        *("origin", "peer", "proxy", "server", "upstream", "uri", "url"),
    )
)
"""What the last word of a variable's name may be, where its value is a host or a list of them."""
_LISTS = ("list", "whitelist", "allowlist")
_NAMED = ("host", "server", "domain")
"""What may stand before `name`."""
_NO_HOSTS = (
    *("s3", "s3a", "s3n", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs"),
    *("file", "unix", "docker", "oci", "secret", "vault"),
)
"""Schemes of which the first part is a bucket, a path or a name, and no host."""
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<authority>(?:(?!,[A-Za-z0-9+.-]+://)[^\s/?#;\"'\[\]])*)"
)
_BETWEEN = re.compile(r"[\s,;|=\[\]\"'()]+")


def kept(
    text: str, services: Mapping[str, Collection[int]], *, of_hosts: bool = False
) -> Problem | None:
    """Judge a text that the chart passes on as it is; `services` are names with their ports.

    `of_hosts`: the variable's name says that it holds hosts.
    """
    found = set(_hosts(text, of_hosts=of_hosts, services=services))
    if not found:
        return None
    names = [name for name in services if name in found]
    theirs = ", ".join(f"RELEASE-{name}" for name in names)
    cause = f"holds {', '.join(names)}, which only Compose resolves: in the chart {theirs}"
    return HOST_OF_COMPOSE.problem(cause)


def says_hosts(variable: str) -> bool:
    """Tell whether a variable's name says that its value is a host, or a list of them."""
    words = [word.lower() for word in _WORD.findall(variable)]
    if words and words[-1] in _LISTS:
        words.pop()
    if len(words) > 1 and _single(words[-1]) == "name" and words[-2] in _NAMED:
        words.pop()
    return bool(words) and _single(words[-1]) in _OF_HOSTS


def _single(word: str) -> str:
    return {"addresses": "address", "proxies": "proxy"}.get(word) or (
        word if word in _OF_HOSTS else word.removesuffix("s")
    )


def _hosts(text: str, *, of_hosts: bool, services: Mapping[str, Collection[int]]) -> Iterator[str]:
    """Yield the services that a text names as hosts."""
    for url in _URL.finditer(text):
        if url["scheme"].lower() not in _NO_HOSTS:
            several = url["authority"].rpartition("@")[2].split(",")
            yield from _known((each.partition(":")[0] for each in several), services)
    for piece in _BETWEEN.split(_URL.sub(" ", text)):
        name, colon, port = piece.partition("/")[0].partition(":")
        ports = services.get(name, ())
        if (of_hosts and not colon) or (port.isdecimal() and (of_hosts or int(port) in ports)):
            yield from _known([name], services)


def _known(names: Iterable[str], services: Mapping[str, Collection[int]]) -> Iterator[str]:
    return (name for name in names if name in services)
