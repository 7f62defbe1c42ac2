"""The chart's schedules: those that Kubernetes takes, by the parts of a spec's."""

from __future__ import annotations

import pytest
import yaml
from helm_charts import CHART, one, template

from sidecar.spec.field_types import SCHEDULE


def test_the_parts_are_those_of_a_spec() -> None:
    """Numbers and names; a spec's pattern names the case of each letter."""
    text = (CHART / "templates" / "_validate-schedule.tpl").read_text()
    parts = yaml.safe_load(text.split('parts" -}}\n')[1].split("{{- end")[0])
    values = [value for part in parts for value in part["values"].split("|")]
    words = {word: "".join(f"[{c}{c.lower()}]" for c in word) for word in values if word.isalpha()}

    assert len(parts) == 5
    assert [] == [each for each in values if words.get(each, each) not in SCHEDULE.pattern]
    assert SCHEDULE.pattern.count("[Jj][Aa][Nn]") == SCHEDULE.pattern.count("[Ss][Aa][Tt]")


@pytest.mark.parametrize(
    "schedule", ["@daily", "@every 1h30m", "*/5 0-6 1 jan-Mar MON", "0  4 ? * 1-5/2"]
)
def test_what_kubernetes_takes_is_rendered(schedule: str) -> None:
    """As it is given."""
    sets = f"cronJobs.nightly.image=x,cronJobs.nightly.schedule={schedule}"
    job = one(template(CHART, "--set-string", sets), "CronJob", "demo-nightly")

    assert schedule == job["spec"]["schedule"]
