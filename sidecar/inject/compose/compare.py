"""What an overlay changes in a stack, by what Compose itself reads before and after."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.checks.compose_answer import judged, profile_sets
from sidecar.engine.compose import find_compose, parse_version
from sidecar.engine.errors import ComposeFailedError
from sidecar.engine.project import ROLE
from sidecar.errors import SidecarError
from sidecar.rules import overlays
from sidecar.targets.overlay import FILE, NEVER, Override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sidecar.engine.compose import Compose
    from sidecar.existing.compose.records import ComposeFile
    from sidecar.targets.overlay import Change, Overlay

_TOP = ("networks", "secrets", "volumes", "configs")
_MOST_SHOWN = 10


@dataclass(frozen=True)
class Compared:
    """What a comparison found: nothing else has changed."""

    services: int
    """Those of the user's stack that run on."""
    agents: int
    """Services with an agent."""

    def __str__(self) -> str:
        return (
            f"{_count(self.services, 'service')}, {self.agents} with an agent, nothing else changed"
        )


class UnexpectedChangeError(SidecarError):
    """An overlay changes more than it should: a defect in the kit."""

    exit_code = 3


def compare(file: ComposeFile, files: Sequence[Path], overlay: Overlay, text: str) -> Compared:
    """Compare a stack before and after an overlay; `file` is what was read of its files.

    Raises ComposeAbsentError without Compose, SidecarError where Compose refuses the user's files
    or is too old for the overlay, and UnexpectedChangeError for any further difference.
    """
    compose = find_compose()
    _require_override(compose, overlay)
    try:
        before, after = _read_both(compose, file, files, text)
    except ComposeFailedError as error:
        if refusal := judged(error.stderr, file):
            raise SidecarError.from_finding(refusal) from None
        raise
    if found := differences(before, after, overlay):
        raise _defect(f"it changes more than it should: {', '.join(found[:_MOST_SHOWN])}")
    leaving = {change.service for change in overlay.changes if _leaves(change)}
    traced = sum("labels" in change.settings for change in overlay.changes)
    return Compared(len(before.get("services", {}).keys() - leaving), traced)


def _read_both(
    compose: Compose, file: ComposeFile, files: Sequence[Path], text: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a stack as Compose reads it, without and with an overlay.

    Raises ComposeFailedError where it reads the user's files with none of their sets of profiles.
    """
    with tempfile.TemporaryDirectory(prefix="sidecar-inject-") as scratch:
        path = Path(scratch) / FILE
        path.write_text(text, encoding="utf-8")
        *others, last = profile_sets(file)
        for profiles in others:
            with suppress(ComposeFailedError):
                return _read_with(compose, files, path, profiles)
        return _read_with(compose, files, path, last)


def _read_with(
    compose: Compose, files: Sequence[Path], overlay: Path, profiles: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both answers of Compose, which reads the stacks at once."""
    with ThreadPoolExecutor() as pool:
        before = pool.submit(compose.config_of, files, profiles)
        after = pool.submit(compose.config_of, [*files, overlay], profiles)
        plain = before.result()
        try:
            return plain, after.result()
        except ComposeFailedError as error:
            raise _defect(f"Compose refuses it: {_last(error)}") from None


def _last(error: ComposeFailedError) -> str:
    """Return the last line that Compose printed, which has its reason."""
    return error.cause.splitlines()[-1].strip()


def _defect(cause: str) -> UnexpectedChangeError:
    fix = "Nothing was written. This is a defect in the kit: report it"
    return UnexpectedChangeError("the overlay", cause, fix)


def names_of(files: Sequence[Path], overlay: Path, *sections: str) -> list[list[str]]:
    """Return the engine's names of what only the overlay has, such as networks, by section.

    They are empty where Compose is absent, or does not read the files.
    """
    try:
        compose = find_compose()
        before, after = compose.config_of(files), compose.config_of([*files, overlay])
    except SidecarError:
        return [[] for _ in sections]
    mine = {each: after.get(each, {}).keys() - before.get(each, {}).keys() for each in sections}
    return [sorted(after[each][name]["name"] for name in mine[each]) for each in sections]


def _require_override(compose: Compose, overlay: Overlay) -> None:
    settings = (value for change in overlay.changes for value in change.settings.values())
    if any(isinstance(value, Override) for value in settings):
        version = parse_version(compose.version)
        if problem := overlays.compose_version(version, compose.version):
            raise SidecarError.from_problem("docker compose", problem)


def differences(before: Mapping[str, Any], after: Mapping[str, Any], overlay: Overlay) -> list[str]:
    """Return the keys that differ in more than what the overlay adds or lets go.

    Values are not shown: they may be secrets.
    """
    plain = _Plain(overlay)
    left, right = plain.config(before), plain.config(after)
    for section, names in plain.used_by_leaving(before).items():
        for name in names - right.get(section, {}).keys():
            left.get(section, {}).pop(name, None)  # Compose leaves out what nothing uses
    return list(_differing(left, right))


class _Plain:
    """A stack without all that an overlay adds to it, and without what it replaces."""

    def __init__(self, overlay: Overlay) -> None:
        self._changes = overlay.changes
        self._agents = {name for place in overlay.agents for name in place.containers}
        private = {name for place in overlay.agents for name in place.networks}
        queues = {f"{agent}{overlay.names.queue}" for agent in self._agents}
        configs = {f"{agent}{overlay.names.config}" for agent in self._agents}
        names = vars(overlay.names).values()
        self._added = {*private, *names, *self._agents, *queues, *configs}
        self._leaving = {change.service for change in overlay.changes if _leaves(change)}

    def config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stack as Compose reads it without them."""
        data = deepcopy(dict(config))
        data.pop("x-sidecar", None)
        services = data.get("services", {})
        for name in list(services):
            if name in self._agents | self._leaving or _is_stand_in(services[name]):
                services.pop(name)
        for change in self._changes:
            if change.service in services:
                self._service(services[change.service], change)
        for section in _TOP:
            _drop(data, section, self._added)
        return data

    def used_by_leaving(self, config: Mapping[str, Any]) -> dict[str, set[str]]:
        """Return section → names of what the replaced services use of it."""
        used: dict[str, set[str]] = {section: set() for section in _TOP}
        for name in self._leaving & config.get("services", {}).keys():
            for section in _TOP:
                given = config["services"][name].get(section) or {}
                names = (each if isinstance(each, str) else each.get("source") for each in given)
                used[section].update(filter(None, names))
        return used

    def _service(self, service: dict[str, Any], change: Change) -> None:
        settings = change.settings
        _drop(service, "environment", settings.get("environment", {}))
        _drop(service, "labels", settings.get("labels", {}))
        _drop(service, "networks", self._added)
        _drop(service, "depends_on", self._agents | self._leaving)
        if "links" in settings:
            links = service.pop("links", None) or []
            kept = [link for link in links if link.partition(":")[0] not in self._leaving]
            service |= {"links": kept} if kept else {}
        if "network_mode" in settings:  # it had the network of one that is replaced
            for key in ("network_mode", "networks", "ports"):
                service.pop(key, None)


def _leaves(change: Change) -> bool:
    profiles = change.settings.get("profiles")
    return isinstance(profiles, Override) and profiles.value == [NEVER]


def _is_stand_in(service: Mapping[str, Any]) -> bool:
    labels = service.get("labels")
    return isinstance(labels, dict) and labels.get(ROLE) in ("gateway", "queues", "forwarder")


def _drop(data: dict[str, Any], key: str, names: Iterable[str]) -> None:
    """Take names out of the map at a key, and the key where nothing is left."""
    given = data.get(key)
    if isinstance(given, dict):
        data[key] = {name: value for name, value in given.items() if name not in names}
    if not data.get(key, True):
        data.pop(key)


def _differing(left: object, right: object, path: str = "") -> Iterator[str]:
    """Yield the path of each value that two stacks do not share."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            below = f"{path}.{key}" if path else str(key)
            if key in left and key in right:
                yield from _differing(left[key], right[key], below)
            else:
                yield below
    elif left != right:
        yield path


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
