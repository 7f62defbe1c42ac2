"""Give both distributions and both charts one version: `make release VERSION=1.2.3`.

Without --apply it prints the changes as a diff and writes nothing.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import yaml

from tools import changelog

ROOT = Path(__file__).resolve().parent.parent
VERSION_FILES = ("sidecar/__init__.py", "tracing/sidecar_tracing/version.py")
MENTIONS = (
    "docs/helm.md",
    "docs/examples/foreign-chart/Chart.yaml",
    "docs/examples/foreign-chart/values.yaml",
)
"""Hand-written files that name the current version."""
CHARTS = ("helm/Chart.yaml", "helm/charts/sidecar-agent/Chart.yaml")
CHANGELOG = "CHANGELOG.md"
VALUES = "helm/values.yaml"
RELEASED_VALUES = "tests/sidecar/targets/released-values.yaml"
"""A copy of VALUES as of the last release, for a test of an upgrade that reuses them."""
_ASSIGNMENT = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


class ReleaseError(Exception):
    """A release that cannot be made: what is wrong, and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Check, show or make a release; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            check(ROOT, options.tag)
        else:
            make(ROOT, options.version, apply=options.apply)
    except (ReleaseError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("version", nargs="?", default="", help="the new version, such as 1.2.3")
    parser.add_argument("--apply", action="store_true", help="write the files")
    parser.add_argument("--check", action="store_true", help="only check that all versions agree")
    parser.add_argument("--tag", default="", help="a tag that has to agree, too, such as v1.2.3")
    return parser


def check(root: Path, tag: str) -> None:
    """Print the version that all files state. Raises ReleaseError where they or a tag disagree."""
    found = disagreements(root, tag)
    if found:
        raise ReleaseError("\n  ".join(["versions disagree:", *found]))
    print(f"distributions, charts and changelog agree: {current_version(root)}")


def disagreements(root: Path, tag: str) -> list[str]:
    """Return what states another version than sidecar/__init__.py, one line each."""
    version = current_version(root)
    released = changelog.newest_release((root / CHANGELOG).read_text(encoding="utf-8"))
    stated = stated_versions(root)
    if released or tag:
        stated[f"{CHANGELOG}, newest section"] = released or "none"
    if tag:
        stated["tag"] = tag.removeprefix("v") if tag.startswith("v") else f"{tag!r}, not vX.Y.Z"
    return [
        f"{name}: {other}, but {VERSION_FILES[0]}: {version}"
        for name, other in stated.items()
        if other != version
    ]


def stated_versions(root: Path) -> dict[str, str]:
    """Return file → version, for all that is released."""
    stated = {name: _version_in(root / name) for name in VERSION_FILES}
    for name in CHARTS:
        chart = yaml.safe_load((root / name).read_text(encoding="utf-8"))
        stated |= {f"{name}, {key}": str(chart[key]) for key in ("version", "appVersion")}
    return stated


def current_version(root: Path) -> str:
    """Return the kit's version."""
    return _version_in(root / VERSION_FILES[0])


def _version_in(path: Path) -> str:
    found = _ASSIGNMENT.search(path.read_text(encoding="utf-8"))
    if not found:
        raise ReleaseError(f'{path}: no line __version__ = "X.Y.Z"')
    return found[1]


def make(root: Path, version: str, *, apply: bool) -> None:
    """Write a release into a tree and print what to do next; without apply, print a diff."""
    require_possible(root, version)
    if not apply:
        print(preview(root, version), end="")
        print(f"\nnothing was written; to write it: make release VERSION={version} APPLY=1")
        return
    require_clean(root)
    write(root, version)
    print(_NEXT.format(version=version), end="")


_NEXT = """\
written. Next, after a look at the differences:
  make golden
  make test
  git add --all
  git commit --message "Release {version}"
  git tag --annotate v{version} --message "Sidecar kit {version}"
  git push origin HEAD v{version}
"""


def require_possible(root: Path, version: str) -> None:
    """Raise ReleaseError unless a version is well formed, has changes, and goes up."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise ReleaseError(f"{version!r} is not a version: name one with VERSION=1.2.3")
    text = (root / CHANGELOG).read_text(encoding="utf-8")
    released, current = changelog.newest_release(text), current_version(root)
    if released and _numbers(version) <= _numbers(released):
        raise ReleaseError(f"{version} is not above {released}, the newest in {CHANGELOG}")
    if _numbers(version) < _numbers(current):
        raise ReleaseError(f"{version} is below {current}, the current version")
    if not changelog.unreleased_changes(text):
        raise ReleaseError(
            f"{CHANGELOG}: nothing is under {changelog.UNRELEASED}; say what changes"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def require_clean(root: Path) -> None:
    """Raise ReleaseError where a tree has changes: the release's commit would contain them."""
    command = ["git", "status", "--porcelain"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    if done.stdout:
        raise ReleaseError(f"commit or stash your own changes first:\n{done.stdout.rstrip()}")


def write(root: Path, version: str) -> None:
    """Write a version into a tree's files and render what is rendered from them."""
    old = re.compile(rf"(?<![\d.]){re.escape(current_version(root))}(?!\.?\d)")
    for name in (*VERSION_FILES, *MENTIONS):
        path = root / name
        path.write_text(old.sub(version, path.read_text(encoding="utf-8")), encoding="utf-8")
    path = root / CHANGELOG
    today = datetime.now(tz=timezone.utc).date().isoformat()
    released = changelog.release(path.read_text(encoding="utf-8"), version, today)
    path.write_text(released, encoding="utf-8")
    render(root)
    shutil.copyfile(root / VALUES, root / RELEASED_VALUES)


def render(root: Path) -> None:
    """Render the committed deployment and the charts anew, with the tree's own sources."""
    command = [sys.executable, "-m", "sidecar", "render", "--region", "local", "--out", "."]
    settings = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        command, cwd=root, env=settings, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ReleaseError(f"sidecar render failed:\n{done.stdout}{done.stderr}")


def preview(root: Path, version: str) -> str:
    """Return, as a diff, what a release changes: it is made in a copy of the tracked files."""
    names = tracked_files(root)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        copy = Path(folder)
        for name in names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
        write(copy, version)
        return "".join(_difference(root, copy, name) for name in sorted({*names, RELEASED_VALUES}))


def tracked_files(root: Path) -> list[str]:
    """Return the files that git tracks and that exist."""
    command = ["git", "ls-files", "-z"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def _difference(root: Path, copy: Path, name: str) -> str:
    files = (folder / name for folder in (root, copy))
    before, after = (file.read_bytes() if file.exists() else b"" for file in files)
    if before == after:
        return ""
    old, new = (text.decode().splitlines(keepends=True) for text in (before, after))
    return "".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", n=1))


if __name__ == "__main__":
    sys.exit(main())
