"""Runs all checks at once, each in a thread that nobody waits for longer than the deadline."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.kubernetes.fixes import placed
from sidecar.preflight import cluster, gateway, machine, service, token, web_port
from sidecar.preflight.from_place import look_for
from sidecar.preflight.records import CHECKS, Outcome, broken, skipped
from sidecar.rules import machines as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sidecar.preflight.records import Candidate, Result

SECONDS = 8.0
"""For all checks together."""
CLEAN_UP_SECONDS = 1.5
PAUSE = 2.0
"""Between two rounds of `wait_for`."""


@dataclass(frozen=True)
class Group:
    """Checks that one function answers."""

    checks: tuple[str, ...]
    run: Callable[[Candidate], Iterator[Result]]
    targets: tuple[str, ...] = ("compose", "kubernetes", "process")


_COMPOSE, _CLUSTER, _FILES = ("compose",), ("kubernetes",), ("compose", "process")


GROUPS: Sequence[Group] = (
    Group(("engine",), machine.check_engine, _COMPOSE),
    Group(("compose",), machine.check_compose, _COMPOSE),
    Group(("disk",), machine.check_disk, _COMPOSE),
    Group(("host-ports",), machine.check_ports, _COMPOSE),
    Group(("kubectl",), cluster.check_cluster, _CLUSTER),
    Group(("helm",), cluster.check_helm, _CLUSTER),
    Group(("cluster-rights",), cluster.check_rights, _CLUSTER),
    Group(("images",), machine.check_images, _COMPOSE),
    Group(("images",), cluster.check_images, _CLUSTER),
    Group(("gateway-region",), gateway.check_region),
    Group(gateway.FROM_PLACE, look_for),
    Group(("token-file",), token.check_file, _FILES),
    Group(("token-file",), cluster.check_token, _CLUSTER),
    Group((web_port.CHECK,), web_port.check_answer),
    Group(("token-in-git",), token.check_git),
    Group(("token-in-files",), token.check_files),
    Group(service.CHECKS, service.check_services),
)


def preflight(
    candidate: Candidate, only: Collection[str] = (), seconds: float | None = None
) -> Outcome:
    """Run the checks of a deployment's target, or those of `only` (checks and categories)."""
    began, seconds = time.monotonic(), seconds or SECONDS
    wanted = chosen(only)
    running = [
        _Running(group, candidate)
        for group in GROUPS
        if candidate.target in group.targets and wanted.intersection(group.checks)
    ]
    results: list[Result] = []
    try:
        for each in running:
            results += each.results(seconds - (time.monotonic() - began), seconds)
    finally:
        _let_clean_up(running)
    answered = {result.check for result in results}
    results += [_not_needed(check, candidate) for check in wanted - answered if only]
    order = list(CHECKS)
    kept = [_in_place(result, candidate) for result in results if result.check in wanted]
    kept.sort(key=lambda result: order.index(result.check))
    return Outcome(candidate, tuple(kept), round(time.monotonic() - began, 1))


def _in_place(result: Result, candidate: Candidate) -> Result:
    """Return a result whose fix names the namespace and context of the deployment."""
    kubectl = candidate.kubectl
    return replace(result, fix=placed(result.fix, kubectl)) if kubectl else result


def _let_clean_up(running: Sequence[_Running]) -> None:
    """Wait a moment for threads that would otherwise leave a container or pod behind."""
    end = time.monotonic() + CLEAN_UP_SECONDS
    for each in running:
        each.wait(end - time.monotonic())


def chosen(only: Collection[str]) -> set[str]:
    """Return the checks that are named, or all."""
    every = {name for name, (category, _) in CHECKS.items() if {name, category} & set(only)}
    return every if only else set(CHECKS)


def wait_for(
    candidate: Candidate,
    only: Collection[str],
    seconds: float,
    say: Callable[[str], None],
) -> Outcome:
    """Repeat the checks that fail until none does, or until `seconds` have passed."""
    end = time.monotonic() + seconds
    outcome = preflight(candidate, only)
    while (failing := outcome.failing) and (left := end - time.monotonic()) > 0:
        say(f"waiting {left:.0f} s longer for {', '.join(failing)}")
        time.sleep(min(PAUSE, left))
        outcome = outcome.with_results(preflight(candidate, failing))
    return outcome


@dataclass
class _Running:
    """A group that runs in a thread of its own."""

    group: Group
    candidate: Candidate
    found: list[Result] = field(default_factory=list)
    error: BaseException | None = None
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.found.extend(self.group.run(self.candidate))
        except BaseException as error:  # noqa: BLE001 - raised again, in the main thread
            self.error = error

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, for some seconds at most."""
        self._thread.join(max(0.0, seconds))

    def results(self, left: float, limit: float) -> list[Result]:
        """Return what was found, after `left` seconds at most. Raises a check's defect."""
        self.wait(left)
        if isinstance(self.error, SidecarError):
            return [*self.found, *self._skipped(self.error)]
        if self.error:
            raise self.error
        if not self._thread.is_alive():
            return self.found
        problem = rules.unfinished(limit)
        return [broken(check, CHECKS[check][0], problem) for check in self.group.checks]

    def _skipped(self, error: SidecarError) -> Iterator[Result]:
        answered = {result.check for result in self.found}
        for check in self.group.checks:
            if check not in answered:
                yield skipped(check, error.subject, error.cause, error.fix)


def _not_needed(check: str, candidate: Candidate) -> Result:
    return skipped(check, candidate.target, "the target does not need it")
