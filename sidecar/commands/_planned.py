"""The plan in a bundle, made from the deployment's spec where there is one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.commands import _spec
from sidecar.errors import SidecarError
from sidecar.regions import load_regions
from sidecar.watch.evidence import shown_variables

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.spec.load import Loaded

_SPEC = "sidecar.yaml"


def planned(args: argparse.Namespace, deployment: str) -> dict[str, Any] | None:
    """Return the plan of the spec that the flags name, else of one that is near.

    The latter counts only where it is that of the deployment that runs. None where there is none.
    Raises SidecarError where the spec that the flags name has no plan.
    """
    named = bool(args.file or args.region)
    files = args.file or [] if named else _near(args.out)
    if not named and not files:
        return None
    given = {**vars(args), "file": files}
    try:
        loaded = _spec.load_spec(argparse.Namespace(**given))
        plan, _ = _spec.plan_of(loaded, load_regions(args.regions), args.out)
    except SidecarError:
        if named:
            raise
        return None
    if not named and not _is_of(loaded, plan, deployment, args.out or Path()):
        return None
    return {"from": [str(file) for file in files], **_shown(plan, loaded)}


def _is_of(loaded: Loaded, plan: Plan, deployment: str, folder: Path) -> bool:
    """Tell whether a spec that is near is that of the deployment in a folder.

    The name of a stack of the user's is not in its spec: it counts where its files are.
    """
    if loaded.spec.compose:
        here = (loaded.folder / loaded.spec.compose[0]).parent == folder
        return here and deployment.startswith("Compose project ")
    return deployment == f"Compose project {plan.project}"


def _near(out: Path | None) -> list[Path]:
    folders = [out, Path()] if out else [Path()]
    return [folder / _SPEC for folder in folders if (folder / _SPEC).is_file()][:1]


def _shown(plan: Plan, loaded: Loaded) -> dict[str, Any]:
    """Return a plan without the values of variables, and the sources of its settings."""
    data = plan.as_dict()
    for service in data["services"]:
        service["environment"] = shown_variables(service["environment"])
    sources = {path: origin.source for path, origin in loaded.provenance.items()}
    return {**data, "provenance": sources}
