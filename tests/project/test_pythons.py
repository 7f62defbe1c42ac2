"""`make test-all`: which interpreter stands for a version, and what the table says."""

import sys
from pathlib import Path

import pytest

from tools import pythons

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Install programs named pythonX.Y: folders on PATH, or versions of pyenv."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    def write(folder, version, prints):
        program = tmp_path / folder / f"python{version}"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{prints}\n")
        program.chmod(0o755)
        return program

    return write


def test_a_shim_that_does_not_run_is_passed_over(install):
    """The next folder of PATH has one that runs."""
    install("one", "3.77", "echo 'pyenv: command not found' >&2; exit 127")
    expected = install("two", "3.77", "echo 3.77")

    assert expected == pythons.find_python("3.77")


def test_a_version_of_pyenv_is_found(install):
    """Though PATH has none."""
    expected = install("pyenv/versions/3.77.1/bin", "3.77", "echo 3.77")

    assert expected == pythons.find_python("3.77")


def test_a_program_of_another_version_is_not_taken(install):
    """Whatever its name says; there is none, then."""
    install("one", "3.77", "echo 3.78")

    assert None is pythons.find_python("3.77")


def test_this_interpreter_is_found(monkeypatch):
    """By its own name on PATH."""
    monkeypatch.setenv("PATH", str(Path(sys.base_prefix) / "bin"))

    assert pythons.find_python(CURRENT) is not None


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("...\n=== 12 passed, 3 skipped in 4.5s ===\n", "12 passed, 3 skipped in 4.5s"),
        ("1 failed, 2 passed in 3s\nmake: *** [test-fast] Error 1\n", "1 failed, 2 passed in 3s"),
        ("setting up\nERROR: no wheel\n", "ERROR: no wheel"),
        ("", "no output"),
    ],
)
def test_the_result_is_pytests_closing_line(log, expected):
    """Or the last line, where the environment could not be set up."""
    assert expected == pythons.closing_line(log)


GOOD = pythons.Result("3.1", 0, "5 passed in 2s")
BAD = pythons.Result("3.2", 2, "1 failed in 2s")
ABSENT = pythons.Result("3.3", None, "not available")


def test_the_table_has_a_line_per_version_and_names_the_absent():
    """So that nobody takes an absent one for tested."""
    expected = """\
PYTHON  RESULT
3.1     5 passed in 2s
3.2     1 failed in 2s
3.3     not available

not tested, because this machine does not have it: 3.3
"""

    assert expected == pythons.table([GOOD, BAD, ABSENT])


def test_only_a_failure_fails():
    """A version that is absent does not."""
    assert 0 == pythons.exit_code([GOOD, ABSENT])
    assert 1 == pythons.exit_code([GOOD, BAD])
