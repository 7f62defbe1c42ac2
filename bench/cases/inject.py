"""Many Deployments in one stream: inject, and `kubectl kustomize` with an equal patch."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.children import CHECKOUT, python
from bench.measure import Figure, Measured, Options, Sample, Skipped, interleave
from bench.programs import measure
from sidecar import yamlio

RUNS = 3
DOCUMENTS = 10_000
TENTH = 10
KUSTOMIZED = 1_000
"""Kustomize takes more than ten times as long for ten times as many, and all of the memory."""
FIGURES = (
    Figure("per_second", "documents/s", 0, ratio=True),
    Figure("cpu_ms", "processor ms a document", 2, ratio=True),
    Figure("mib", "peak memory, MiB", 0, ratio=True),
)
NOTE = f"kustomize with {KUSTOMIZED:,} documents: it holds all of them at a time."
DOCUMENT = CHECKOUT / "bench" / "deployment.yaml"
"""A Deployment of the size that they have: 65 lines, 1.8 kB."""
KUSTOMIZE = "kubectl kustomize"
_PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: any}
spec:
  template:
    metadata: {annotations: {sidecar-kit/injected: "0"}}
    spec:
"""


def run(options: Options) -> Measured:
    """Measure whole processes, each in a new one."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise Skipped("kubectl is not on PATH; to enable: install it")
    count = options.load(DOCUMENTS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, patched = count // TENTH, options.load(KUSTOMIZED)
        ways = {
            KUSTOMIZE: (_kustomize(kubectl, folder, patched), patched),
            f"sidecar inject, {few:,} documents": (_inject(folder, few), few),
            f"sidecar inject, {count:,} documents": (_inject(folder, count), count),
        }
        samples = interleave(
            tuple(ways),
            options.rounds(RUNS),
            lambda way: _measure(*ways[way], folder),
            options.say,
        )
    return Measured("Inject: a stream of Deployments", FIGURES, samples, KUSTOMIZE, (NOTE,))


def _measure(argv: list[str], count: int, folder: Path) -> Sample:
    used = measure(argv, folder)
    return {
        "per_second": count / used["seconds"],
        "cpu_ms": used["cpu_s"] / count * 1000,
        "mib": used["mib"],
    }


def _inject(folder: Path, count: int) -> list[str]:
    path = folder / f"{count}.yaml"
    _write(path, count)
    return python("-m", "sidecar", "inject", str(path), "--region", "cn-shanghai")


def _kustomize(kubectl: str, folder: Path, count: int) -> list[str]:
    inside = folder / "kustomize"
    inside.mkdir()
    _write(inside / "all.yaml", count)
    (inside / "patch.yaml").write_text(_PATCH + _additions(), encoding="utf-8")
    kustomization = {
        "resources": ["all.yaml"],
        "patches": [{"path": "patch.yaml", "target": {"kind": "Deployment"}}],
    }
    (inside / "kustomization.yaml").write_text(yamlio.flow(kustomization), encoding="utf-8")
    return [kubectl, "kustomize", str(inside)]


def _additions() -> str:
    """Return what inject adds to a pod of the stream, for a patch."""
    pod = _pod_of_inject()
    added = {key: pod[key] for key in ("initContainers", "volumes")}
    service = {"name": "web", "env": pod["containers"][0]["env"][:2]}
    return "".join(
        f"      {key}: {yamlio.flow(value)}\n"
        for key, value in {**added, "containers": [service]}.items()
    )


def _pod_of_inject() -> dict[str, list[dict[str, list[object]]]]:
    argv = python("-m", "sidecar", "inject", "-", "--region", "cn-shanghai")
    done = subprocess.run(
        argv, input=DOCUMENT.read_bytes(), capture_output=True, cwd=CHECKOUT, check=True
    )
    pod: dict[str, list[dict[str, list[object]]]] = yamlio.load(done.stdout.decode(), "stream")[
        "spec"
    ]["template"]["spec"]
    return {**pod, "volumes": pod["volumes"][:1]}


def _write(path: Path, count: int) -> None:
    text = DOCUMENT.read_text("utf-8")
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write("---\n" + text.replace("NUMBER", str(number)))
