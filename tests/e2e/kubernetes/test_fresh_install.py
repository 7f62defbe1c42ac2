"""Everything of a release installed at once, Jobs included: no span is lost at the start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from _require import only_stacks
from canary_release import CANARY, WAIT
from cluster_volumes import volumes
from helm_charts import CHART

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kubernetes"),
    pytest.mark.timeout(1800),
]

ROUNDS = 10
FEWER = 2
RELEASES = ("one", "two")
"""Of each round, installed right after each other: 20 fresh installs in all with `make stacks`."""
WITHOUT_SERVICES = ("--set", "services.frontend.enabled=false,services.backend.enabled=false")
REGION = "existingSecret=tracing,standIn.enabled=false,gateway.host=other-gateway"
ENDED = ("--wait", "--cascade=foreground", "--timeout", "170s")
"""With these, `helm uninstall` returns once the pods have ended, too."""
SPANS = 300
BURST = f"""
import json
from sidecar_tracing import Config
config = Config(
    config={{"sampler": {{"type": "const", "param": 1}}}}, service_name="burst", validate=True
)
tracer = config.initialize_tracer()
with tracer.start_span("work") as work:
    for number in range({SPANS} - 1):
        tracer.start_span(f"step {{number}}", child_of=work).finish()
tracer.close(timeout=20)
print(json.dumps({{"trace_id": f"{{work.trace_id:016x}}"}}))
"""
"""A Job that begins with its spans and ends with them."""
COUNT = """
import json, sys, time, urllib.request
def spans(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return len(json.load(answer)["data"][0]["spans"])
    except OSError:
        return 0
wanted, urls = int(sys.argv[1]), sys.argv[2:]
deadline = time.monotonic() + 60
while sum(map(spans, urls)) < wanted and time.monotonic() < deadline:
    time.sleep(0.2)
print([spans(url) for url in urls])
"""
"""Program: WANTED URL…; prints the number of spans of each trace, once WANTED are there."""


@pytest.mark.parametrize(
    ("rounds", "options"),
    [(1, WITHOUT_SERVICES), pytest.param(ROUNDS, (), marks=only_stacks)],
    ids=["jobs", "all"],
)
def test_a_fresh_install_loses_no_span(fresh_namespace, tmp_path, rounds, options) -> None:
    """The stand-in, services and Jobs start together; every Job's spans arrive, each once."""
    values = ("-f", jobs(tmp_path), *options)
    found = [spans_of_round(fresh_namespace, number, values) for number in range(rounds)]

    assert [[SPANS] * len(RELEASES)] * rounds == found


@only_stacks
def test_a_fresh_install_with_collectors_loses_no_span(
    fresh_namespace, collector_image, tmp_path
) -> None:
    """A collector starts with the forwarder, and keeps what the gateway does not take yet."""
    image = f"images.agent={collector_image}"
    values = ("-f", CHART / "ci" / "collector-values.yaml", "--set", image, "-f", jobs(tmp_path))
    found = [spans_of_round(fresh_namespace, number, values) for number in range(ROUNDS)]

    assert [[SPANS] * len(RELEASES)] * ROUNDS == found


@only_stacks
def test_a_fresh_install_with_relays_loses_no_span(
    fresh_namespace, collector_image, tmp_path
) -> None:
    """The collectors keep what relays do not take yet, which keep what the forwarder does not."""
    image = f"images.agent={collector_image}"
    values = ("-f", CHART / "ci" / "relay-values.yaml", "--set", image, "-f", jobs(tmp_path))
    with volumes(fresh_namespace, tmp_path / "volumes", 2 * len(RELEASES) * FEWER) as storage_class:
        values = (*values, "--set", f"relay.storageClass={storage_class}")
        found = [spans_of_round(fresh_namespace, number, values) for number in range(FEWER)]

    assert [[SPANS] * len(RELEASES)] * FEWER == found


@only_stacks
def test_a_release_that_is_installed_again_at_once_loses_no_span(
    fresh_namespace, collector_image, tmp_path
) -> None:
    """Under its name, while its old relays still serve; the gateway is another release's."""
    space = fresh_namespace
    space.set_token("tracing", CANARY)
    own = ("--set", "existingSecret=tracing,gateway.port=8090")
    space.helm("install", "other", CHART, *WITHOUT_SERVICES, *own, *WAIT)
    values = ("-f", CHART / "ci" / "relay-values.yaml", "-f", jobs(tmp_path), *WITHOUT_SERVICES)
    with volumes(space, tmp_path / "volumes", 2) as storage_class:
        sets = f"{REGION},images.agent={collector_image},relay.storageClass={storage_class}"
        traces = [
            trace_of_install(space, how, *values, "--set", sets)
            for _ in range(FEWER)
            for how in ((), ENDED)
        ]
        urls = [f"http://other-gateway:16686/api/traces/{trace}" for trace in traces]
        found = json.loads(space.python("look", COUNT, SPANS * len(urls), *urls))

    assert [SPANS] * 2 * FEWER == found


def trace_of_install(space, uninstall, *values) -> str:
    """Return the trace of the release's Job; the release is removed again."""
    space.helm("install", "demo", CHART, *values)
    space.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=150s")
    trace = trace_of(space, space.get("jobs")[0]["metadata"]["name"])
    space.helm("uninstall", "demo", *uninstall)
    return trace


def jobs(folder: Path) -> Path:
    """Return values with a Job."""
    job = {"args": ["python", "-c", BURST], "runAsUser": 10001}
    (folder / "jobs.yaml").write_text(yaml.safe_dump({"jobs": {"early": job}}))
    return folder / "jobs.yaml"


def spans_of_round(space, number: int, values) -> list[int]:
    """Return how many spans of each release's Job arrived; no install waits for anything.

    Each round has names of its own: pods of one that ends would take the next one's spans.
    """
    releases = [f"{release}{number}" for release in RELEASES]
    for release in releases:
        space.helm("install", release, CHART, *values)
    space.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=150s")
    owners = {job["metadata"]["name"]: job["metadata"]["labels"] for job in space.get("jobs")}
    urls = [
        f"http://{labels['app.kubernetes.io/instance']}-gateway:16686/api/traces/{trace}"
        for name, labels in owners.items()
        for trace in [trace_of(space, name)]
    ]
    found = space.python(f"look-{number}", COUNT, SPANS * len(urls), *urls)
    for release in releases:
        space.helm("uninstall", release, "--wait")
    return list(json.loads(found))


def trace_of(space, job: str) -> str:
    """Return the trace that a Job printed last."""
    return json.loads(space.kubectl("logs", f"job/{job}").splitlines()[-1])["trace_id"]
