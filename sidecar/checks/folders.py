"""Whether a rendering belongs into a folder that exists."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.files import real
from sidecar.rendering import CHART, RULES, is_own
from sidecar.rules import deployments
from sidecar.targets import systemd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sidecar.findings import Finding

_RENDERED = ("docker-compose.yml", "values.yaml", f"{CHART}Chart.yaml", systemd.INSTALL, RULES)
"""One of them is in each folder that was rendered before."""
_SPEC = "sidecar.yaml"
_ANYWHERE = {"secrets", ".git", ".gitignore", ".gitkeep", ".env", ".DS_Store"}


def check_others(
    folder: Path, specs: Iterable[Path], parts: Sequence[str] = (".",)
) -> Finding | None:
    """Report a folder of other files only, such as / or a home: a rendering would get lost in it.

    One that has a spec, or was rendered before, is the right one. `parts` are the folders in it
    that are rendered.
    """
    others: list[str] = []
    with suppress(OSError):  # `rendering.check` says what is wrong with the folder
        if folder.is_dir() and not _is_known(folder, specs, parts):
            expected = {*_ANYWHERE, *parts}
            others = sorted(path.name for path in folder.iterdir() if path.name not in expected)
    problem = deployments.others(others)
    return problem.at("", str(folder)) if problem else None


def _is_known(folder: Path, specs: Iterable[Path], parts: Sequence[str]) -> bool:
    own = real(folder)
    if (folder / _SPEC).is_file() or any(real(path).parent == own for path in specs):
        return True
    return any(is_own(folder / part / name) for part in parts for name in _RENDERED)
