"""Which deployment a command is asked about, by its flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.demo import processes
from sidecar.engine.compose import stack_files
from sidecar.errors import UsageError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.kubectl import Kubectl

if TYPE_CHECKING:
    import argparse

_CLUSTER = ("release", "selector", "namespace", "context", "every_pod", "image")


def target_of(args: argparse.Namespace, command: str = "verify") -> str:
    """Return kubernetes, process or compose. Raises UsageError for flags that do not fit it."""
    target: str = args.target or _default_target(args)
    if target == "kubernetes":
        _require_release(args, command)
    elif named := [name for name in _CLUSTER if getattr(args, name, None)]:
        flags = ", ".join("--" + name.replace("_", "-") for name in named)
        cause = f"{flags} needs --target kubernetes"
        raise UsageError(command, cause, f"See `sidecar {command} --help`")
    return target


def _default_target(args: argparse.Namespace) -> str:
    if args.release or _selector(args):
        return "kubernetes"
    return local_target(args)


def _selector(args: argparse.Namespace) -> str | None:
    """Return the labels of a foreign chart's pods; only some commands take them."""
    return getattr(args, "selector", None)


def local_target(args: argparse.Namespace) -> str:
    """Return process where a demo of processes runs here and no folder is named, else compose."""
    return "process" if args.out is None and processes.is_running() else "compose"


def _require_release(args: argparse.Namespace, command: str) -> None:
    if bool(args.release) == bool(_selector(args)):
        or_labels = ", or the labels of its pods" if hasattr(args, "selector") else ""
        fix = placed("Give --release NAME (`helm list` shows it)", kubectl_of(args))
        cause = f"--target kubernetes needs the release{or_labels}"
        raise UsageError(command, cause, f"{fix}, or --selector LABELS" if or_labels else fix)
    if args.out:
        fix = "A release has no folder: give --namespace and --release"
        raise UsageError(command, "--out is for Compose only", fix)


def kubectl_of(args: argparse.Namespace) -> Kubectl:
    """Return the namespace of the cluster that the flags name."""
    return Kubectl(args.namespace or "", args.context or "")


def process_folder(args: argparse.Namespace) -> Path:
    """Return the folder of the demo that the flags name."""
    folder: Path = args.out or processes.DEFAULT_FOLDER
    return folder


def compose_folder(
    args: argparse.Namespace, fix: str = "Give --out FOLDER, or --target process"
) -> Path:
    """Return the folder of the Compose file. Raises UsageError where it holds none."""
    folder: Path = args.out or Path()
    if not all(path.is_file() for path in stack_files(folder)):
        raise UsageError(str(folder), "holds no docker-compose.yml", fix)
    return folder
