"""docs/init.md is correct: its command gives its spec, and that the overlay of inject."""

import re
from pathlib import Path

import yaml

DOCS = Path(__file__).parents[3] / "docs"
OVERLAY = "docker-compose.tracing.yml"


def block(page, language):
    """Return the first block of a language of a page."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.search(pattern, (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]


def test_the_page_shows_what_is_proposed(run, tmp_path, monkeypatch):
    """For the file of docs/inject.md, without the comments."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(block("inject.md", "yaml"))

    done = run(*block("init.md", "console").removeprefix("$ sidecar ").split())
    text = (tmp_path / "sidecar.yaml").read_text()

    assert 0 == done.code, done.err
    shown = block("init.md", "yaml")
    lines = (line.partition(" #")[0].rstrip() for line in text.splitlines())
    assert shown.splitlines() == [line for line in lines if line and line[0] != "#"]
    assert yaml.safe_load(text) == yaml.safe_load(shown)


def test_its_overlay_is_that_of_inject(run, tmp_path, monkeypatch):
    """Render of the spec, and inject with the same capacity, write the same bytes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(block("inject.md", "yaml"))
    (tmp_path / "sidecar.yaml").write_text(block("init.md", "yaml"))
    run("render", "--file", "sidecar.yaml")
    rendered = (tmp_path / OVERLAY).read_bytes()
    (tmp_path / "size.yaml").write_text("capacity: {spans_per_second: 5000}\n")

    done = run("inject", "docker-compose.yml", "--file", "size.yaml")

    assert 0 == done.code, done.err
    assert rendered == (tmp_path / OVERLAY).read_bytes()
