"""The chart's watch: a CronJob that reads the agents of every pod, and names what it reads."""

from __future__ import annotations

import pytest
from helm_charts import CHART, template

from sidecar.watch import standing

ON = ("--set", "metrics.enabled=true,watch.enabled=true,watch.seconds=90")


def named(objects, kind):
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


@pytest.fixture(scope="module")
def objects():
    """The chart with the watch."""
    return template(CHART, *ON)


def test_the_job_watches_each_service_once_and_ends(objects) -> None:
    """By a name that leads to all its pods; the program takes its arguments."""
    job = named(objects, "CronJob")["demo-sidecar-watch"]["spec"]["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    args = standing.parser().parse_args(container["args"])

    assert "sidecar-watch" == (job["template"]["metadata"]["labels"]["app.kubernetes.io/component"])
    assert (90, 0, 210) == (args.period, job["backoffLimit"], job["activeDeadlineSeconds"])
    assert [
        ("backend", "demo-backend-agents", 14271),
        ("frontend", "demo-frontend-agents", 14271),
    ] == args.agent
    assert ["python", "-m", standing.__name__] == container["command"]


def test_the_names_lead_to_every_pod_ready_or_not(objects) -> None:
    """To the admin port; and Prometheus does not scrape them a second time."""
    services = named(objects, "Service")
    spec = services["demo-frontend-agents"]["spec"]

    assert ("None", True) == (spec["clusterIP"], spec["publishNotReadyAddresses"])
    assert services["demo-frontend"]["spec"]["selector"] == spec["selector"]
    assert [{"name": "admin", "port": 14271, "targetPort": "agent-admin"}] == spec["ports"]


def test_it_is_off_unless_it_is_asked_for() -> None:
    """It costs a pod."""
    off = template(CHART, "--set", "metrics.enabled=true")

    assert {} == named(off, "CronJob")
    assert {"demo-frontend", "demo-backend", "demo-gateway"} == set(named(off, "Service"))
