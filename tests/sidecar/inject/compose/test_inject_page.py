"""docs/inject.md is correct: its example prints what the page shows."""

import re
from pathlib import Path

import pytest
from _require import lack

from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError

PAGE = (Path(__file__).parents[4] / "docs/inject.md").read_text("utf-8")


def block(language):
    """Return the first block of a language."""
    return re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """Write the page's Compose file, and make its folder the current one."""
    try:
        find_compose()
    except SidecarError as error:
        lack("docker", str(error))
    (tmp_path / "docker-compose.yml").write_text(block("yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_prints_what_the_page_shows(stack, run):
    """The command of the page, on the file of the page, prints the page's lines."""
    command, shown = block("console").split("\n", 1)

    done = run(*command.removeprefix("$ sidecar ").split())

    assert (0, "") == (done.code, done.err)
    assert shown == done.out


def test_the_way_back_works(stack, run):
    """The command that takes the overlay out leaves the user's file alone."""
    run("inject", "docker-compose.yml")
    command, _ = block("sh").split("\n", 1)

    done = run(*command.removeprefix("sidecar ").split())

    assert 0 == done.code, done.err
    assert ["docker-compose.yml"] == [path.name for path in stack.iterdir()]
