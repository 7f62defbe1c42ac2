"""Stacks of many kinds, with an overlay: golden, and compared as Compose reads them."""

import re
import shutil
from pathlib import Path

import pytest

from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError

SHAPES = Path(__file__).parents[3] / "golden/inject/compose"
INDEX = (SHAPES / "README.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([a-z-]+) \| .* \| `(.*)` \|$", INDEX, re.MULTILINE))
OVERLAY = "docker-compose.tracing.yml"
PRINTED = "printed.txt"


def _has_compose():
    try:
        return bool(find_compose())
    except SidecarError:
        return False


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """Return a function that copies a shape's stack into this folder, without what was made."""

    def copy(name):
        made = shutil.ignore_patterns(OVERLAY, PRINTED, "local-agent.yaml")
        shutil.copytree(SHAPES / name, tmp_path / "stack", ignore=made)
        monkeypatch.chdir(tmp_path / "stack")
        return tmp_path / "stack"

    return copy


def test_the_index_names_every_shape():
    """The index has a row for each folder."""
    folders = {path.name for path in SHAPES.iterdir() if path.is_dir()}

    assert folders == set(ROWS)
    assert len(folders) >= 40


@pytest.mark.parametrize("name", ROWS)
def test_a_shape_becomes_its_golden_overlay(name, run, stack, golden):
    """The overlay and what is printed are golden; what the user wrote stays byte for byte."""
    folder = stack(name)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    done = run("inject", *ROWS[name].split())

    assert before == {path: path.read_bytes() for path in before}
    assert "" == done.err
    shown = re.sub(
        r"^\d+ services?, \d+ with an agent, nothing else changed\n",
        "",
        done.out,
        flags=re.MULTILINE,
    )
    shown = re.sub(r"^warning: .* \[not-compared\]\n", "", shown, flags=re.MULTILINE)
    golden(f"inject/compose/{name}/{PRINTED}", shown)
    assert (folder / OVERLAY).is_file() is (done.code == 0)
    if done.code == 0:
        golden(f"inject/compose/{name}/{OVERLAY}", (folder / OVERLAY).read_text("utf-8"))
        assert ("nothing else changed" in done.out) is _has_compose()


@pytest.mark.parametrize("name", ["underscores", "override-beside", "local-region"])
def test_twice_is_once(name, run, stack):
    """A second run changes nothing, and --diff says so."""
    folder = stack(name)
    arguments = ROWS[name].split()
    run("inject", *arguments)
    once = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    compared = run("inject", *arguments, "--diff")
    run("inject", *arguments)

    assert (0, "") == (compared.code, compared.out)
    assert once == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_secret_is_shown_or_written():
    """No value of an env_file, no password and no token is in an overlay or in what is printed."""
    made = [path for name in (OVERLAY, PRINTED) for path in SHAPES.rglob(name)]

    assert [] == [path for path in made if re.search("canary|not-to-be-shown", path.read_text())]
