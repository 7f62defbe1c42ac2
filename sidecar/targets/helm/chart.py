"""The chart's own files: from the checkout, or as they travel in the package."""

from __future__ import annotations

from pathlib import Path

from sidecar.checkout import find_checkout
from sidecar.errors import SidecarError

SCHEMA = "values.schema.json"
LIBRARY = "sidecar-agent"
"""The library chart with the agent's templates, in the chart's folder for subcharts."""
LIBRARY_FOLDER = f"charts/{LIBRARY}"
FROM_TEMPLATES = ("Chart.yaml", "values.yaml", "README.md")
"""Files of each of the two charts that Jinja renders."""
RULES_TEMPLATE = "templates/_token-rules.tpl"
ALERTS_TEMPLATE = "templates/_alert-rules.tpl"
COLLECTOR_TEMPLATE = "templates/_collector-base.tpl"
"""Of the library."""
DASHBOARD = "dashboard.json"
_MADE = (*FROM_TEMPLATES, SCHEMA)
_FROM_RULES = (RULES_TEMPLATE, ALERTS_TEMPLATE, DASHBOARD)
_OF_LIBRARY = (*_MADE, COLLECTOR_TEMPLATE)
RENDERED = (*_MADE, *_FROM_RULES, *(f"{LIBRARY_FOLDER}/{name}" for name in _OF_LIBRARY))
"""Made from the plan and the table of keys; every other file is edited in place."""
_PACKAGED = Path(__file__).with_name("chart")


def folder() -> Path:
    """Return the chart's folder. Raises SidecarError for a broken installation."""
    checkout = find_checkout()
    found = checkout / "helm" if checkout else _PACKAGED
    if not (found / "templates").is_dir():
        raise SidecarError(
            str(found), "does not contain the chart's templates", "Install sidecar-kit again"
        )
    return found


def static_files() -> dict[str, str]:
    """Return path → text of every file that is edited in place, sorted."""
    root = folder()
    paths = (path for path in sorted(root.rglob("*")) if path.is_file())
    names = {path.relative_to(root).as_posix(): path for path in paths}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in names.items()
        if name not in RENDERED and not name.startswith("ci/")
    }


def released_values() -> str:
    """Return the chart's values.yaml, which is rendered for `local`."""
    return (folder() / "values.yaml").read_text(encoding="utf-8")
