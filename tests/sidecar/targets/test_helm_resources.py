"""What each container may use is a value: a namespace's LimitRange or quota can be met."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from chart_objects import pod_of
from helm_charts import CHART, CI, template

from sidecar.targets.helm.keys import KEYS

OWN = {"requests": {"cpu": "101m", "memory": "333Mi"}, "limits": {"cpu": "202m", "memory": "666Mi"}}


def with_own_resources(values: dict[str, Any]) -> dict[str, Any]:
    """Return values that say what each container may use: those of the chart, and of workloads."""
    own: dict[str, Any] = {"watch": {"enabled": True}, "metrics": {"enabled": True}}
    for path in [key.path for key in KEYS if key.path.lower().endswith("resources")]:
        *parents, name = path.split(".")
        section = own
        for parent in parents:
            section = section.setdefault(parent, {})
        section[name] = OWN
    for section in ("services", "jobs", "cronJobs"):
        named = values.get(section, {})
        own[section] = {name: {"resources": OWN} for name, each in named.items() if each}
    return own


@pytest.mark.parametrize("case", [CHART / "values.yaml", *CI], ids=lambda path: path.name)
@pytest.mark.parametrize("kubernetes", ["1.28.0", "1.34.0"])
def test_every_container_has_what_the_values_say(case, kubernetes: str, tmp_path) -> None:
    """Of services, jobs, agents, and of all that the chart adds to them or runs beside them."""
    given = yaml.safe_load(case.read_text())
    if kubernetes == "1.28.0":  # where a Job would not end
        given = {**given, "jobs": {}, "cronJobs": {}}
    sample = yaml.safe_load((CHART / "values.yaml").read_text())["services"]
    named = {**given, "services": {**sample, **given.get("services", {})}}
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(given))
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(with_own_resources(named)))
    options = ("-f", tmp_path / "case.yaml", "-f", tmp_path / "own.yaml")
    found = list(containers(template(CHART, *options, kubernetes=kubernetes)))

    assert found
    assert {each["name"]: OWN for each in found} == {
        each["name"]: {kind: pick(each["resources"][kind]) for kind in OWN} for each in found
    }


def containers(objects):
    """Yield every container of every pod."""
    for pod in filter(None, map(pod_of, objects)):
        yield from (*pod.get("initContainers", ()), *pod["containers"])


def pick(amounts: dict[str, str]) -> dict[str, str]:
    """Return what is compared: a case may have more, e.g. ephemeral-storage."""
    return {what: amounts[what] for what in ("cpu", "memory")}
