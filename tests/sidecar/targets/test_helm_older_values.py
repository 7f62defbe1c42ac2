"""Values of an older chart, as `helm upgrade --reuse-values` gives them: what is said."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest
import yaml
from _require import lack
from copies import ROOT
from helm_charts import CHART, LIBRARY, run_helm
from programs import find_program

from sidecar.targets.helm.keys import KEYS
from sidecar.targets.helm.library import LIBRARY_KEYS
from tools.release import RELEASED_VALUES

FLAG = "use --reset-then-reuse-values"


def said_without(chart, path: str) -> list[str]:
    """Return what the schema says of a chart's own values without one key."""
    values = yaml.safe_load((chart / "values.yaml").read_text())
    *parents, name = path.split(".")
    section = values
    for parent in parents:
        section = section[parent]
    del section[name]
    schema = json.loads((chart / "values.schema.json").read_text())
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(values)]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_any_key_that_an_older_chart_lacked(key) -> None:
    """It is named, and the flag with which the upgrade works."""
    said = said_without(CHART, key.path)

    assert 2 == len(said)
    assert any(f"'{key.path.rpartition('.')[2]}' is a required property" in each for each in said)
    assert any(FLAG in each for each in said)


@pytest.mark.parametrize("key", LIBRARY_KEYS, ids=lambda key: key.path)
def test_any_key_of_the_library(key) -> None:
    """The same in a chart that depends on it."""
    assert any(FLAG in each for each in said_without(LIBRARY, key.path))


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_both_helms_say_it(program: str) -> None:
    """In two lines."""
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    done = run_helm("template", "demo", CHART, "--set", "standIn.waitSeconds=null", name=program)

    assert 1 == done.returncode
    assert "- at '/standIn': missing property 'waitSeconds'" in done.stderr
    assert FLAG in done.stderr


@pytest.mark.skipif(not (ROOT / RELEASED_VALUES).exists(), reason="there is no release yet")
@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_values_of_the_last_release(program: str, tmp_path) -> None:
    """They are in the place of the chart's own: that works, or the flag is named."""
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    chart = shutil.copytree(CHART, tmp_path / "helm")
    shutil.copyfile(ROOT / RELEASED_VALUES, chart / "values.yaml")
    done = run_helm("template", "demo", chart, name=program)

    assert done.returncode == 0 or FLAG in done.stderr
