"""kube-score and checkov on the chart and each values file for CI: what they find has a reason.

`make kube-lint` installs both and runs this.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml
from _require import lack
from helm_charts import CHART, CI, template
from programs import find_program

ALL = ".*"
SERVICES = ".*/(backend|frontend|payments|web|worker)"
SCORE = {
    "container-ephemeral-storage-request-and-limit": (
        ALL,
        "containers write into volumes with a bound; a limit would end a pod for its log",
    ),
    "container-image-pull-policy": (
        ALL,
        "images have exact versions; images.pullPolicy is a value",
    ),
    "container-security-context-readonlyrootfilesystem": (
        "region/web",
        "false is what this service asks for",
    ),
    "container-security-context-user-group-id": (
        "region/(payments|web|worker)",
        "the user of a service's own image is the image's",
    ),
    "deployment-has-host-podantiaffinity": (
        SERVICES,
        "where pods run is a value of each service",
    ),
    "deployment-has-poddisruptionbudget": (
        SERVICES,
        "a value of each service; with one replica it would keep its node",
    ),
    "deployment-replicas": (
        f"{SERVICES}|.*/(gateway|forwarder)",
        "the sample, the stand-in and the forwarder have one; replicas is a value",
    ),
    "deployment-strategy": (
        ".*/gateway",
        "two stand-ins would share traces between them, so it is recreated",
    ),
    "pod-networkpolicy": ("placement/.*", "the file turns the policies off"),
    "pod-probes-identical": (
        f"{SERVICES}|.*/(gateway|forwarder|relay)",
        "ready once they live, unless a service has health.ready; thresholds differ",
    ),
}
"""Check of kube-score → (where, as VALUES-FILE/OBJECT, why the chart is as it is)."""
CHECKOV = {
    "CKV_K8S_43": (ALL, "an image may be given by digest; the kit's are named by version"),
    "CKV_K8S_15": (ALL, "images have exact versions; images.pullPolicy is a value"),
    "CKV_K8S_8": (
        ".*/(delivery-test|worker)",
        "the pod of `helm test`, and workers without `health`, have no liveness",
    ),
    "CKV_K8S_9": (
        ".*/(delivery-test|worker)",
        "nor a readiness: nobody sends them requests",
    ),
    "CKV_K8S_22": ("region/web", "readOnlyRootFilesystem: false is what this service asks for"),
    "CKV_K8S_40": (
        "region/(payments|web|worker)",
        "the user of a service's own image is the image's",
    ),
}
"""The same for checkov."""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A folder with the objects of each values file, and of none."""
    folder = tmp_path_factory.mktemp("rendered")
    for case in (None, *CI):
        options = ("-n", "shop", *(("-f", case) if case else ()))
        name = case.name.replace("-values", "") if case else "values.yaml"
        (folder / name).write_text(yaml.safe_dump_all(template(CHART, *options)))
    return folder


def report(name: str, *arguments: object):
    """Return what a reviewing program reports, as data; the test is skipped without it."""
    program = find_program(name) or lack(name, f"{name} is not on PATH")
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return json.loads(done.stdout)


def place(file: str, name: str) -> str:
    """Return where a finding is, without the release's name, which a values file may change."""
    return f"{file.removesuffix('.yaml')}/{name.partition('-')[2]}"


def unexplained(found, reasons) -> list[tuple[str, str]]:
    """Return the findings without a reason, and as findings the reasons that nothing needs."""
    new = {
        (check, where)
        for check, where in found
        if not re.fullmatch(reasons.get(check, [""])[0], where)
    }
    return sorted(
        new | {(check, "nowhere") for check in reasons.keys() - {each[0] for each in found}}
    )


def test_what_kube_score_finds_has_a_reason(rendered) -> None:
    """And each reason is still needed; one file at a time, as a policy counts for any pod."""
    flags = ("score", "--kubernetes-version", "v1.34", "--output-format", "json")
    found = {
        (check["check"]["id"], place(file.name, each["object_meta"]["name"]))
        for file in rendered.iterdir()
        for each in report("kube-score", *flags, file)
        for check in each["checks"]
        if check["grade"] < 10 and not check["skipped"]
    }

    assert [] == unexplained(found, SCORE)


def test_what_checkov_finds_has_a_reason(rendered) -> None:
    """And each reason is still needed."""
    flags = ("--framework", "kubernetes", "--quiet", "--compact", "--output", "json")
    failed = report("checkov", "--directory", rendered, *flags)["results"]["failed_checks"]
    found = {
        (each["check_id"], place(each["file_path"].strip("/"), each["resource"].split(".")[-1]))
        for each in failed
    }

    assert [] == unexplained(found, CHECKOV)
