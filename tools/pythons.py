"""Run the fast tests on each Python that the packages claim, one by one: `make test-all`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("build/test-all")
"""Holds an environment and a log per version."""
_CLASSIFIER = re.compile(r'"Programming Language :: Python :: (3\.\d+)"')
_USABLE = "import ensurepip, sys, venv; print('{}.{}'.format(*sys.version_info))"


@dataclass(frozen=True)
class Result:
    """What the tests gave on one version."""

    version: str
    code: int | None
    """Exit code; None where this machine does not have the version."""
    text: str


def main() -> int:
    """Test every version that this machine has; returns 1 where one failed."""
    results = [_tested(version) for version in claimed()]
    print(f"\n{table(results)}", end="")
    return exit_code(results)


def table(results: list[Result]) -> str:
    """Return a line per version, and at the end those that were not tested."""
    lines = ["PYTHON  RESULT", *(f"{each.version:<6}  {each.text}" for each in results)]
    absent = [each.version for each in results if each.code is None]
    if absent:
        lines += ["", f"not tested, because this machine does not have it: {', '.join(absent)}"]
    return "\n".join([*lines, ""])


def exit_code(results: list[Result]) -> int:
    """Return 1 where the tests failed on a version; an absent one is no failure."""
    return int(any(each.code for each in results))


def claimed() -> list[str]:
    """Return the versions among the classifiers of sidecar-kit."""
    return _CLASSIFIER.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _tested(version: str) -> Result:
    python = find_python(version)
    if python is None:
        return Result(version, None, "not available")
    log = ROOT / FOLDER / f"{version}.log"
    print(f"{version}: testing with {python}, see {log.relative_to(ROOT)}", flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = [f"PYTHON={python}", f"VENV={FOLDER / version}"]
    with log.open("wb") as output:
        done = subprocess.run(
            ["make", "--no-print-directory", *variables, "test-fast"],
            cwd=ROOT,
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    text = closing_line(log.read_text(encoding="utf-8", errors="replace"))
    return Result(version, done.returncode, text)


def closing_line(log: str) -> str:
    """Return the line with pytest's counts; the log's last line where there is none."""
    lines = [line.strip("= ") for line in log.splitlines() if line.strip("= ")]
    counts = [line for line in lines if re.search(r"\d+ (passed|failed|errors?)\b.* in ", line)]
    return [*lines[-1:], *counts][-1] if lines else "no output"


def find_python(version: str) -> Path | None:
    """Return an interpreter of a version that can make environments: from PATH, then from pyenv."""
    return next((python for python in _candidates(version) if _runs(python, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if found := shutil.which(f"python{version}", path=folder):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def _runs(python: Path, version: str) -> bool:
    # pyenv's shims are on PATH also for versions that are not chosen, and then only print an error
    done = subprocess.run([python, "-c", _USABLE], check=False, capture_output=True, text=True)
    return done.stdout.strip() == version


if __name__ == "__main__":
    sys.exit(main())
