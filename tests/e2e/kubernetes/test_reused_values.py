"""An upgrade to a chart with a new key, from a release of an older one."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from _require import lack
from helm_charts import CHART
from kubernetes_cluster import environment, namespace
from programs import find_program

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(180)]

NO_POD = "services.frontend.replicas=0,services.backend.replicas=0,standIn.enabled=false"
SETTINGS = f"{NO_POD},gateway.host=gateway.example.com,token=canary,watch.seconds=99"
KEY = "waitSeconds"


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_reused_values_lack_the_new_key(program: str, cluster, tmp_path) -> None:
    """The refusal names the flag; with it, the upgrade works and the user's values are kept."""
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    with namespace("sidecar-reuse") as space:
        space.helm("install", "demo", older(tmp_path), "--set", SETTINGS, program=program)
        upgrade = [find_program(program), "upgrade", "demo", CHART, "-n", space.name]
        refused = subprocess.run(
            [*map(str, upgrade), "--reuse-values"],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
        )
        space.helm("upgrade", "demo", CHART, "--reset-then-reuse-values", program=program)
        kept = json.loads(space.helm("get", "values", "demo", "-o", "json", program=program))

    assert (1, True) == (refused.returncode, "--reset-then-reuse-values" in refused.stderr)
    assert ("canary", 99) == (kept["token"], kept["watch"]["seconds"])


def older(folder):
    """Return the chart as it was before it had KEY."""
    chart = folder / "helm"
    shutil.copytree(CHART, chart)
    values = (chart / "values.yaml").read_text().splitlines(keepends=True)
    (chart / "values.yaml").write_text("".join(line for line in values if KEY not in line))
    (chart / "values.schema.json").unlink()
    return chart
