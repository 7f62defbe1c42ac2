"""All checks at once, each with a deadline: chosen, repeated, and never waited for in vain."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.errors import SidecarError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.preflight import run as runs
from sidecar.preflight.records import CHECKS, AgentFacts, Candidate, broken, passed, skipped
from sidecar.rules import machines as rules
from sidecar.stand_in.sockets import Address

CANDIDATE = Candidate("compose", "cn-shanghai", AgentFacts(Address("h", 1883), False, 64, 0))


def group(check, run):
    """Return a group of one check."""
    return runs.Group((check,), run)


def fine(check):
    """Return a group whose check passes."""
    return group(check, lambda _: iter([passed(check, "it", "works")]))


def use(monkeypatch, *groups):
    """Let preflight have these groups only."""
    monkeypatch.setattr(runs, "GROUPS", groups)


def severities(outcome):
    """Return check → severity."""
    return {result.check: result.severity for result in outcome.results}


def test_checks_run_at_once(monkeypatch):
    """Each waits for the other, which only a concurrent run survives."""
    barrier = threading.Barrier(2)

    def wait(check):
        def run(_):
            barrier.wait(5)
            yield passed(check, "it", "works")

        return group(check, run)

    use(monkeypatch, wait("engine"), wait("compose"))

    assert {"engine": "ok", "compose": "ok"} == severities(runs.preflight(CANDIDATE))


def test_a_check_that_hangs_is_reported_at_the_deadline(monkeypatch):
    """A warning, not green; the others are reported."""

    def hang(_):
        time.sleep(30)
        yield passed("disk", "it", "works")

    use(monkeypatch, group("disk", hang), fine("engine"))
    began = time.monotonic()
    outcome = runs.preflight(CANDIDATE, seconds=0.3)

    assert time.monotonic() - began < 3
    assert [("engine", ""), ("disk", "check-unfinished")] == [
        (result.check, result.id) for result in outcome.results
    ]


def test_a_check_that_cannot_be_made_is_skipped_with_its_reason(monkeypatch):
    """A known error of the kit on the way."""

    def fail(_):
        yield passed("disk", "it", "works")
        raise SidecarError("engine", "went away", "Start it")

    use(monkeypatch, runs.Group(("disk", "images"), fail))
    outcome = runs.preflight(CANDIDATE)

    assert {"disk": "ok", "images": "skipped"} == severities(outcome)
    assert ("went away", "Start it") == (outcome.results[1].cause, outcome.results[1].fix)


def test_a_fix_names_the_namespace_of_the_release(monkeypatch):
    """So that its command can be run as it is."""

    def lacking(_):
        yield skipped("token-file", "token", "is not known", "Run `kubectl get secrets`")

    use(monkeypatch, runs.Group(("token-file",), lacking))
    release = replace(CANDIDATE, target="kubernetes", kubectl=Kubectl("shop"))
    (result,) = runs.preflight(release).results

    assert "Run `kubectl -n shop get secrets`" == result.fix


def test_a_defect_in_a_check_is_not_hidden(monkeypatch):
    """It reaches the one error boundary."""

    def fail(_):
        raise ZeroDivisionError
        yield

    use(monkeypatch, group("disk", fail))

    with pytest.raises(ZeroDivisionError):
        runs.preflight(CANDIDATE)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["engine"], {"engine"}),
        (["machine"], {"engine", "compose", "disk", "host-ports"}),
        (["engine", "images"], {"engine", "images"}),
    ],
)
def test_only_takes_checks_and_categories(only, expected):
    """Both are listed in docs/preflight.md."""
    assert expected == runs.chosen(only)


def test_a_named_check_that_the_target_does_not_need_is_skipped(monkeypatch):
    """It was asked for, so it is answered."""
    use(monkeypatch, fine("engine"))

    assert {"disk": "skipped"} == severities(runs.preflight(CANDIDATE, ["disk"]))


def test_wait_repeats_what_fails_until_it_passes(monkeypatch):
    """What passed is not asked again."""
    asked = []

    def later(_):
        asked.append("disk")
        full = rules.disk(0 if len(asked) < 3 else 2**40)
        yield broken("disk", "/", full) if full else passed("disk", "/", "room")

    def once(_):
        asked.append("engine") if "engine" in asked else asked.insert(0, "engine")
        yield passed("engine", "it", "works")

    monkeypatch.setattr(runs, "PAUSE", 0.01)
    use(monkeypatch, group("engine", once), group("disk", later))
    said = []
    outcome = runs.wait_for(CANDIDATE, (), 30, said.append)

    assert outcome.ok
    assert 1 == asked.count("engine")
    assert all("for disk" in line for line in said)


def test_wait_repeats_what_did_not_end_in_time(monkeypatch):
    """A slow answer is not an error, and may be faster next time."""
    asked = []

    def slow_once(_):
        asked.append(1)
        time.sleep(5 if len(asked) == 1 else 0)
        yield passed("disk", "/", "room")

    monkeypatch.setattr(runs, "PAUSE", 0.01)
    monkeypatch.setattr(runs, "SECONDS", 0.2)
    monkeypatch.setattr(runs, "CLEAN_UP_SECONDS", 0.0)
    use(monkeypatch, group("disk", slow_once))
    outcome = runs.wait_for(CANDIDATE, (), 30, lambda _: None)

    assert {"disk": "ok"} == severities(outcome)


def test_wait_ends_at_its_deadline(monkeypatch):
    """With the failures of the last round."""
    full = rules.disk(0)
    monkeypatch.setattr(runs, "PAUSE", 0.01)
    use(monkeypatch, group("disk", lambda _: iter([broken("disk", "/", full)])))
    outcome = runs.wait_for(CANDIDATE, (), 0.1, lambda _: None)

    assert not outcome.ok


def test_the_page_lists_every_check_with_its_question():
    """docs/preflight.md has the table that --only is chosen from."""
    page = (Path(__file__).parents[3] / "docs" / "preflight.md").read_text("utf-8")
    rows = [
        f"| {category} | `{name}` | {question} |" for name, (category, question) in CHECKS.items()
    ]

    assert "\n".join(rows) in page
