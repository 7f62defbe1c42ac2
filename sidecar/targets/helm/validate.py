"""Checks a rendered chart with helm itself and the API's schemas; no cluster is asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.findings import Finding, Severity
from sidecar.targets.helm.checks import check_objects
from sidecar.targets.helm.exposure import check_exposure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.rendering import Rendering

KUBERNETES = tuple(f"1.{minor}.0" for minor in range(27, 35))
"""The versions that the chart is for."""
OPERATORS = ("monitoring.coreos.com/",)
"""Kinds of others; the API's schemas do not know them."""
_SECONDS = 60


def check_chart(rendering: Rendering) -> list[Finding]:
    """Lint the chart, render it for every supported Kubernetes, and look at what it would install."""
    if not shutil.which("helm"):
        return [_warning("helm", "not asked: helm is not installed", "Install Helm 3 or 4")]
    with tempfile.TemporaryDirectory(prefix="sidecar-validate-") as scratch:
        for name, text in rendering.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        chart = str(Path(scratch) / "helm")
        lint = _helm("lint", "--strict", chart, "--kube-version", KUBERNETES[-1])
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda version: _check_version(chart, version), KUBERNETES))
    return [*_failure("lint", lint), *(finding for findings in found for finding in findings)]


def _check_version(chart: str, version: str) -> list[Finding]:
    done = _helm("template", "validate", chart, "--kube-version", version)
    if done.returncode:
        return _failure(f"template, Kubernetes {version}", done)
    objects = [one for one in yaml.load_all(done.stdout, Loader=_LOADER) if one]
    careful = (
        [*check_objects(objects), *check_exposure(objects)] if version == KUBERNETES[-1] else []
    )
    return [*careful, *_check_schemas(objects, version)]


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_schemas(objects: Sequence[dict[str, Any]], version: str) -> list[Finding]:
    try:
        import kubernetes_validate
    except ImportError:
        if version != KUBERNETES[-1]:
            return []
        return [
            _warning(
                "API schemas",
                "not checked: kubernetes-validate is not installed",
                "pip install sidecar-kit[charts]",
            )
        ]
    findings = []
    for one in objects:
        if one["apiVersion"].startswith(OPERATORS):
            continue
        try:
            kubernetes_validate.validate(one, version.removesuffix(".0"), strict=True)
        except kubernetes_validate.ValidationError as error:
            subject = f"{one['kind']} {one['metadata']['name']}"
            place = ".".join(str(part) for part in error.path)
            findings.append(
                Finding(Severity.ERROR, subject, place, f"Kubernetes {version}: {error.message}")
            )
    return findings


def _helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HELM_", "KUBE", "TRACING_"))
    }
    return subprocess.run(
        ["helm", *arguments],
        capture_output=True,
        text=True,
        env=clean,
        timeout=_SECONDS,
        check=False,
    )


def _failure(place: str, done: subprocess.CompletedProcess[str]) -> list[Finding]:
    if not done.returncode:
        return []
    told = [
        line
        for line in f"{done.stdout}\n{done.stderr}".splitlines()
        if re.search("ERROR|WARNING|Error", line)
    ]
    return [
        Finding(
            Severity.ERROR,
            "helm",
            place,
            " ".join(told) or "failed",
            "Correct the spec, and render again",
        )
    ]


def _warning(subject: str, cause: str, fix: str) -> Finding:
    return Finding(Severity.WARNING, subject, "", cause, fix)
