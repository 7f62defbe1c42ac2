"""Requests of verify: from where each is sent, and which answer counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.verify.look import Look, ReplicaLook
    from sidecar.verify.network.requests import Answer

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAMED = re.compile(r"(?P<service>[\w.-]+)=(?P<url>https?://.*)")


@dataclass(frozen=True)
class Ask:
    """A request that lets a service make spans."""

    url: str
    service: str = ""
    """From whose network it is sent; empty: the URL decides."""

    @property
    def anywhere(self) -> bool:
        """Tell whether it is sent from each service, of which one listens at that port."""
        return not self.service and urlsplit(self.url).hostname in _LOOPBACK


def parsed(text: str) -> Ask:
    """Return the request of an argument: URL or SERVICE=URL. Raises ValueError for another text."""
    named = _NAMED.fullmatch(text)
    ask = Ask(named["url"], named["service"]) if named else Ask(text)
    parts = urlsplit(ask.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is not an http URL")
    return ask


def urls_for(asks: Iterable[Ask], services: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return service → URLs that are sent from its network."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(services, ())
    for ask in asks:
        for name in _senders(ask, services):
            found[name] += (ask.url,)
    return found


def _senders(ask: Ask, services: Sequence[str]) -> Sequence[str]:
    if ask.service:
        return [name for name in services if name == ask.service]
    if ask.anywhere:
        return services
    host = urlsplit(ask.url).hostname or ""
    return [name for name in services if name == host.partition(".")[0]] or services[:1]


def settled(looks: Mapping[str, Look], asks: Iterable[Ask]) -> dict[str, Look]:
    """Return the looks without the failed answers to a URL that another service answers."""
    tried = {ask.url for ask in asks if ask.anywhere}
    answers = [answer for look in looks.values() for answer in _answers(look.replicas)]
    done = tried & {answer.url for answer in answers if answer.status}
    return {name: _without(look, done) for name, look in looks.items()}


def _answers(replicas: Iterable[ReplicaLook]) -> list[Answer]:
    return [answer for one in replicas if one.visit for answer in one.visit.answers]


def _without(look: Look, done: set[str]) -> Look:
    return replace(look, replicas=tuple(_kept(replica, done) for replica in look.replicas))


def _kept(replica: ReplicaLook, done: set[str]) -> ReplicaLook:
    if not replica.visit:
        return replica
    kept = [one for one in replica.visit.answers if one.status or one.url not in done]
    return replace(replica, visit=replace(replica.visit, answers=tuple(kept)))
