"""What the chart renders, applied twice by `kubectl apply --server-side`: nothing changes."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from _require import only_stacks
from helm_charts import CHART, CI, template
from kubernetes_cluster import environment, namespace
from programs import find_program

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kubernetes"),
    pytest.mark.timeout(300),
    only_stacks,
]

NOWHERE = ("--set", "nodeSelector.nowhere=true")
"""No node has it: the objects are there, and nothing runs."""
OF_OPERATORS = {"ServiceMonitor", "PrometheusRule"}
COLUMNS = "custom-columns=:kind,:metadata.name,:metadata.generation"


def test_a_second_apply_changes_nothing(cluster, tmp_path) -> None:
    """No object of any values file for CI has a new generation, and `kubectl diff` is silent."""
    with namespace("sidecar-twice") as space:
        objects = different(
            (release, each) for case in (None, *CI) for release, each in rendered(case, space.name)
        )
        (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))
        apply = ("apply", "--server-side", "-f", tmp_path / "all.yaml")
        space.kubectl(*apply)
        first = generations(space)
        space.kubectl(*apply)
        second = generations(space)
        diff = ("diff", "--server-side", "-f", tmp_path / "all.yaml")
        done = subprocess.run(
            [find_program("kubectl"), "-n", space.name, *map(str, diff)],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=120,
        )

    assert len(objects) <= len(first)
    assert first == second
    assert (0, "") == (done.returncode, done.stdout), done.stderr


def rendered(case, space: str):
    """Yield a values file's release and objects; hooks are Helm's to apply."""
    options = ("-f", case) if case else ()
    release = case.name.removesuffix("-values.yaml") if case else "local"
    for each in template(CHART, "-n", space, *options, *NOWHERE, release=release):
        annotations = each["metadata"].get("annotations", {})
        if each["kind"] not in OF_OPERATORS and "helm.sh/hook" not in annotations:
            yield release, each


def different(objects):
    """Return objects that differ in more than their release's name."""
    known = {}
    for release, each in objects:
        known.setdefault(yaml.safe_dump(each).replace(release, "release"), each)
    return list(known.values())


def generations(space) -> list[str]:
    """Return kind, name and generation of every object of the chart's kinds."""
    kinds = "deploy,sts,jobs,cronjobs,netpol,svc,pdb,hpa,cm,secret,serviceaccount"
    return space.kubectl("get", kinds, "-o", COLUMNS).splitlines()
