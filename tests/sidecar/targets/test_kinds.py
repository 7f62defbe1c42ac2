"""Services, workers, jobs and crons: what Compose and Helm run for each, by their own programs."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
from helm_charts import one, plan_of, template, written

from sidecar.errors import SidecarError
from sidecar.rendering import COMPOSE_FILE
from sidecar.spec import AgentSettings, HealthCheck, JobSettings, Service, Spec
from sidecar.targets import compose as target
from sidecar.targets import helm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WEB = Service("web", "shop:1.0", port=8000)
WORKER = Service("mailer", "shop:1.0", kind="worker", health=HealthCheck(command=("check",)))
JOB = Service(
    "migrate",
    "shop:1.0",
    command=("alembic", "upgrade", "head"),
    kind="job",
    job=JobSettings(retries=2, deadline_s=600, keep_s=86_400),
)
CRON = Service(
    "report",
    "shop:1.0",
    kind="cron",
    job=JobSettings(
        schedule="30 4 * * *",
        time_zone="Asia/Shanghai",
        concurrency="replace",
        starting_deadline_s=600,
        history=0,
    ),
)


def spec(*services: Service, region: str = "cn-shanghai", **settings: Any) -> Spec:
    """Return the spec of some services."""
    return Spec(region, services=services, **settings)


@pytest.fixture
def composed(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Spec], dict[str, Any]]:
    """Return a function from a spec to its services as `docker compose config` reads them."""
    program = request.getfixturevalue("compose").program

    def call(wanted: Spec) -> dict[str, Any]:
        for name, text in target.render(plan_of(wanted)).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        file = str(tmp_path / COMPOSE_FILE)
        command = [*program, "-f", file, "config", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)["services"]

    return call


@pytest.fixture
def objects(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function from services to the objects of their chart, which the API knows."""

    def call(*services: Service) -> list[dict[str, Any]]:
        found = template(written(plan_of(spec(*services)), tmp_path))
        for each in found:
            kubernetes_validate.validate(each, "1.34", strict=True)
        return found

    return call


# Compose --------------------------------------------------------------------------------------


def test_compose_starts_again_what_keeps_running_only(composed) -> None:
    """A job's container is started again after a failure, as often as its spec says."""
    once = replace(JOB, name="once", job=JobSettings())
    found = composed(spec(WEB, WORKER, JOB, once))

    assert {
        "web": "unless-stopped",
        "mailer": "unless-stopped",
        "migrate": "on-failure:2",
        "once": "no",
    } == {name: found[name]["restart"] for name in ("web", "mailer", "migrate", "once")}


def test_a_jobs_agent_keeps_running(composed) -> None:
    """It hands over what the job has sent last."""
    assert "unless-stopped" == composed(spec(JOB))["migrate-agent"]["restart"]


@pytest.mark.parametrize(
    ("version", "condition"), [("1.62.0", "service_healthy"), ("1.21.0", "service_started")]
)
def test_a_job_waits_until_its_agent_listens(composed, version: str, condition: str) -> None:
    """It may have ended before; agents before 1.22 have no check of their health."""
    found = composed(spec(WEB, JOB, agent=AgentSettings(version=version)))

    assert condition == found["migrate"]["depends_on"]["migrate-agent"]["condition"]
    assert "service_started" == found["web"]["depends_on"]["web-agent"]["condition"]


def test_a_jobs_agent_waits_for_the_stand_in(composed) -> None:
    """An agent gives a packet up after some tries; a service has more spans to come."""
    found = composed(spec(WEB, JOB, region="local"))

    assert {"web-agent": "service_started", "migrate-agent": "service_healthy"} == {
        name: found[name]["depends_on"]["gateway"]["condition"]
        for name in ("web-agent", "migrate-agent")
    }


def test_a_job_is_marked_for_verify(composed) -> None:
    """Only a label tells one that has ended from a service that has stopped."""
    found = composed(spec(WEB, JOB))

    assert ("job", None) == (
        found["migrate"]["labels"].get("sidecar-kit.workload"),
        found["web"]["labels"].get("sidecar-kit.workload"),
    )


def test_compose_refuses_a_cron_with_the_ways_round() -> None:
    """Nothing is rendered that would run once and look as if it were planned."""
    with pytest.raises(SidecarError) as caught:
        target.render(plan_of(spec(WEB, CRON)))

    assert ("cron-under-compose", "services.report.kind") == (caught.value.id, caught.value.subject)
    assert "--target helm" in caught.value.fix
    assert "docker compose run --rm report" in caught.value.fix


# Helm -----------------------------------------------------------------------------------------


def test_a_job_is_a_job_in_a_cluster(objects) -> None:
    """With its agent first, and what the spec decides."""
    (job,) = (each for each in objects(WEB, JOB) if each["kind"] == "Job")
    pod = job["spec"]["template"]["spec"]

    assert (2, 600, 86_400) == tuple(
        job["spec"][name]
        for name in ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
    )
    assert "Never" == pod["restartPolicy"]
    assert "jaeger-agent" in [each["name"] for each in pod["initContainers"]]
    assert ["alembic", "upgrade", "head"] == pod["containers"][0]["args"]


def test_a_cron_is_a_cron_job_in_a_cluster(objects) -> None:
    """Nothing of it is left to a default of the chart."""
    found = one(objects(CRON), "CronJob", "demo-report")["spec"]
    found.pop("jobTemplate")

    assert {
        "schedule": "30 4 * * *",
        "timeZone": "Asia/Shanghai",
        "concurrencyPolicy": "Replace",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 0,
        "suspend": False,
    } == found


def test_only_a_service_with_a_port_has_a_service_in_a_cluster(objects) -> None:
    """A worker is a Deployment without one, and without HTTP probes."""
    found = objects(WEB, WORKER, JOB, CRON)
    worker = one(found, "Deployment", "demo-mailer")["spec"]["template"]["spec"]["containers"][0]

    assert ["demo-web"] == [each["metadata"]["name"] for each in found if each["kind"] == "Service"]
    assert ("ports" in worker, {"command": ["check"]}) == (False, worker["livenessProbe"]["exec"])


def test_a_spec_of_jobs_alone_has_no_deployment(objects) -> None:
    """Not even the sample's, which is in the chart."""
    assert "Deployment" not in {each["kind"] for each in objects(JOB, CRON)}


def test_the_overlay_has_each_workload_in_its_own_map() -> None:
    """`values.yaml` for the released chart says the same."""
    text = helm.render(plan_of(spec(WEB, JOB, CRON)))["values.yaml"]

    assert text.index("\nservices:") < text.index("\njobs:") < text.index("\ncronJobs:")
