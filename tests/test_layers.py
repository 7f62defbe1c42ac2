"""Dependencies go in one direction: import-linter checks the contracts in pyproject.toml."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _lint(folder):
    lint = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [lint, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{folder / 'tracing'}"},
    )


@pytest.fixture
def copy(tmp_path):
    """Return a copy of both packages with the contracts."""
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sidecar", tmp_path / "sidecar", ignore=hidden)
    shutil.copytree(ROOT / "tracing", tmp_path / "tracing", ignore=hidden)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_goes_down():
    """No module is part of an import cycle, and none imports from a layer above it."""
    done = _lint(ROOT)

    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_cycle_of_modules_breaks_the_contract(copy):
    """Two modules of one package that import each other are named."""
    (copy / "sidecar/engine/first.py").write_text("from sidecar.engine import second\n")
    (copy / "sidecar/engine/second.py").write_text("from sidecar.engine import first\n")

    done = _lint(copy)

    assert 1 == done.returncode
    assert "No cycles are allowed in sidecar.engine" in done.stdout


def test_an_import_from_above_breaks_the_contract(copy):
    """The rule book imports nothing but findings."""
    (copy / "sidecar/rules").mkdir(exist_ok=True)
    (copy / "sidecar/rules/upward.py").write_text("from sidecar import yamlio\n")

    done = _lint(copy)

    assert 1 == done.returncode
    assert "sidecar.rules is not allowed to import sidecar.yamlio" in done.stdout
