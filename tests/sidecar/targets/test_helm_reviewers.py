"""kube-score and checkov on the chart and each values file for CI: what they find has a reason."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from _require import lack
from helm_charts import CHART, CI, template
from programs import find_program

SCORE = {
    "container-ephemeral-storage-request-and-limit": "containers write into volumes with a bound; "
    "`resources` takes ephemeral-storage, and a limit would end a pod for its log",
    "container-image-pull-policy": "images have exact versions; images.pullPolicy is a value",
    "container-security-context-readonlyrootfilesystem": "false is what a service of "
    "region-values.yaml asks for",
    "container-security-context-user-group-id": "the user of a service's own image is the image's",
    "deployment-has-host-podantiaffinity": "where pods run is a value of each service",
    "deployment-has-poddisruptionbudget": "a value of each service; with one replica it would keep "
    "its node",
    "deployment-replicas": "the sample and the stand-in have one; replicas is a value",
    "deployment-strategy": "two stand-ins would share traces between them, so it is recreated",
    "pod-probes-identical": "the chart's own pods are ready once they live; thresholds differ",
}
"""Check of kube-score → why the chart is as it is."""
CHECKOV = {
    "CKV_K8S_43": "an image may be given by digest; the kit's are named by version",
    "CKV_K8S_15": "images have exact versions; images.pullPolicy is a value",
    "CKV_K8S_8": "the pod of `helm test`, Jobs, and workers without `health` have no liveness",
    "CKV_K8S_9": "nor a readiness: nobody sends them requests",
    "CKV_K8S_22": "readOnlyRootFilesystem: false is what a service of region-values.yaml asks for",
    "CKV_K8S_40": "the user of a service's own image is the image's",
}
"""Check of checkov → why the chart is as it is."""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A folder with the objects of each values file, and of none."""
    folder = tmp_path_factory.mktemp("rendered")
    for case in (None, *CI):
        options = ("-n", "shop", *(("-f", case) if case else ()))
        name = case.name if case else "values.yaml"
        (folder / name).write_text(yaml.safe_dump_all(template(CHART, *options)))
    return folder


def report(name: str, *arguments: object) -> list:
    """Return what a reviewing program reports, as data; the test is skipped without it."""
    program = find_program(name) or lack(name, f"{name} is not on PATH")
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = json.loads(done.stdout)
    return found if isinstance(found, list) else [found]


def test_what_kube_score_finds_has_a_reason(rendered) -> None:
    """And each reason is still needed."""
    flags = ("score", "--kubernetes-version", "v1.34", "--output-format", "json")
    found = {
        check["check"]["id"]
        for each in report("kube-score", *flags, *sorted(rendered.iterdir()))
        for check in each["checks"]
        if check["grade"] < 10 and not check["skipped"]
    }

    assert set(SCORE) == found


def test_what_checkov_finds_has_a_reason(rendered) -> None:
    """And each reason is still needed."""
    flags = ("--framework", "kubernetes", "--quiet", "--compact", "--output", "json")
    (found,) = report("checkov", "--directory", rendered, *flags)

    assert set(CHECKOV) == {each["check_id"] for each in found["results"]["failed_checks"]}
