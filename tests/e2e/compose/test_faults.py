"""Ten telling faults of docs/faults.md, on one deployment under traffic, one after the other."""

from __future__ import annotations

import pytest
from faults.catalogue import COMPOSE
from faults.compose_bed import running_bed
from faults.runner import HEALTHY, Runner, watching

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

SHORT = (
    "gateway-killed",
    "gateway-unauthenticated",
    "gateway-name",
    "token-wrong",
    "agent-killed",
    "agent-crash-loop",
    "service-removed",
    "code-elsewhere",
    "code-sampler-off",
    "service-idle",
)


@pytest.fixture(scope="module")
def runner(engine, compose, images, tmp_path_factory):
    """A deployment of its own under 150 spans/s."""
    folder = tmp_path_factory.mktemp("faults")
    with running_bed(folder, engine, compose, images, rate=5.0) as bed, watching(bed) as watcher:
        yield Runner(bed, watcher)


def test_a_healthy_deployment_is_proven(runner):
    """Under load, verify says nothing of a deployment that loses nothing."""
    outcome = runner.run(HEALTHY)

    assert ((), 0) == (outcome.ids, outcome.spans.lost), outcome.text


@pytest.mark.parametrize("name", SHORT)
def test_a_fault_is_named(runner, name):
    """By the id of its true cause; each lost span is counted, or it is known why not."""
    outcome = runner.run(COMPOSE[name])

    assert outcome.ids, "verify was content"
    assert outcome.ids[0] in outcome.right, outcome.text
    assert outcome.accounted, outcome.spans
    assert "" == outcome.notes
