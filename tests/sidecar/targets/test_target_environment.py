"""Compiled templates are kept next to their sources, as Python keeps its modules."""

from __future__ import annotations

import sys

import pytest

from sidecar.targets import templating


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A target with one template, in a package of its own."""
    folder = tmp_path / "templates" / "mine"
    folder.mkdir(parents=True)
    (folder / "file.j2").write_text("{{ value | data }}\n")
    monkeypatch.setattr(templating, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


def render() -> str:
    """Render with an environment of its own."""
    return templating.environment("mine").get_template("file.j2").render(value="a: b")


def test_a_compiled_template_is_kept_and_follows_its_source(templates) -> None:
    """The second rendering is the same; a changed template is compiled anew."""
    assert '"a: b"\n' == render() == render()
    assert 1 == len(list((templates / "__pycache__").iterdir()))

    (templates / "file.j2").write_text("new {{ value | data }}\n")
    assert 'new "a: b"\n' == render()


def test_a_damaged_cache_is_no_obstacle(templates) -> None:
    """It is written anew."""
    render()
    (kept,) = (templates / "__pycache__").iterdir()
    kept.write_bytes(b"damaged")

    assert '"a: b"\n' == render()


def test_nothing_is_written_where_python_may_not(templates, monkeypatch) -> None:
    """PYTHONDONTWRITEBYTECODE holds for templates, too."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    assert '"a: b"\n' == render()
    assert not (templates / "__pycache__").exists()


def test_a_folder_that_cannot_be_made_is_no_obstacle(templates) -> None:
    """As in a package that root has installed."""
    (templates / "__pycache__").touch(mode=0o444)

    assert '"a: b"\n' == render()
