"""A cluster for a measurement: a namespace, releases of the chart, and volumes."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.children import CHECKOUT, ChildError
from bench.measure import Skipped
from sidecar import programs
from sidecar.errors import SidecarError
from sidecar.kubernetes.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHART = CHECKOUT / "helm"
CAPACITY = "4Gi"
_ENABLE = "set KUBECONFIG, install kubectl and helm, and load the images of `make images`"
_HELM_SECONDS = 240.0


def find_cluster(images: Sequence[str]) -> None:
    """Raise Skipped where no cluster answers, or its nodes lack an image."""
    if absent := [name for name in ("kubectl", "helm") if not shutil.which(name)]:
        raise Skipped(f"no {' and no '.join(absent)} on PATH; to enable: {_ENABLE}")
    try:
        nodes = Kubectl().get("nodes")["items"]
    except SidecarError as error:
        raise Skipped(f"{error}; to enable: {_ENABLE}") from error
    held = {name for node in nodes for name in _images_of(node)}
    if lacking := [name for name in images if not any(_is(name, each) for each in held)]:
        raise Skipped(f"no image {', '.join(lacking)} in the cluster; to enable: {_ENABLE}")


def _images_of(node: dict[str, Any]) -> list[str]:
    return [name for each in node["status"].get("images") or () for name in each["names"] or ()]


def _is(name: str, held: str) -> bool:
    """Tell whether a node's name of an image, which has a registry, is this one."""
    return held == name or held.endswith(f"/{name}")


@contextlib.contextmanager
def namespace() -> Iterator[Kubectl]:
    """Create a namespace that enforces Pod Security `restricted`, and remove it in the end."""
    name = f"sidecar-bench-{secrets.token_hex(4)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    Kubectl().run("create", "--filename=-", stdin=json.dumps(made))
    try:
        yield Kubectl(name)
    finally:
        Kubectl().run("delete", "namespace", name, "--wait=false")


def install(kubectl: Kubectl, release: str, values: dict[str, Any], *files: Path) -> None:
    """Install a release of the chart, and wait until it is ready. Raises ChildError."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "values.json"
        own.write_text(json.dumps(values), encoding="utf-8")
        options = [f"--values={path}" for path in (*files, own)]
        wait = ("--wait", "--timeout=200s", f"--namespace={kubectl.namespace}")
        argv = ["helm", "install", release, str(CHART), *options, *wait]
        try:
            done = programs.run(argv, _HELM_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ChildError(f"helm install {release}: {error}") from None
    if done.returncode:
        raise ChildError(f"helm install {release}: {done.stderr[-2000:]}")


def scale(kubectl: Kubectl, deployment: str, replicas: int) -> None:
    """Start or end a deployment's pods, and wait until it is so."""
    kubectl.run("scale", f"deployment/{deployment}", f"--replicas={replicas}")
    kubectl.run("rollout", "status", f"deployment/{deployment}", "--timeout=180s", seconds=190)


def pods(kubectl: Kubectl, release: str, component: str) -> list[str]:
    """Return the names of a component's pods that are not being deleted."""
    labels = f"app.kubernetes.io/instance={release},app.kubernetes.io/component={component}"
    found = kubectl.get("pods", f"--selector={labels}")["items"]
    return [
        each["metadata"]["name"] for each in found if "deletionTimestamp" not in each["metadata"]
    ]


@contextlib.contextmanager
def volumes(kubectl: Kubectl, count: int) -> Iterator[str]:
    """Yield the storage class for claims: empty, the cluster's own, if it has one.

    A cluster without one gets volumes in folders of this machine, which is its only node.
    """
    if kubectl.get("storageclasses")["items"]:
        yield ""
        return
    (node,) = kubectl.get("nodes")["items"]
    host: str = node["metadata"]["labels"]["kubernetes.io/hostname"]
    with tempfile.TemporaryDirectory(prefix="sidecar-volumes-") as folder:
        Path(folder).chmod(0o755)
        names = [f"{kubectl.namespace}-{number}" for number in range(count)]
        made = [_volume(kubectl.namespace, name, host, Path(folder) / name) for name in names]
        listed = {"apiVersion": "v1", "kind": "List", "items": made}
        kubectl.run("create", "--filename=-", stdin=json.dumps(listed))
        try:
            yield kubectl.namespace
        finally:
            kubectl.run("delete", "persistentvolumeclaims", "--all", "--wait=false")
            kubectl.run("delete", "persistentvolumes", *names, "--wait=false")


def _volume(storage_class: str, name: str, host: str, path: Path) -> dict[str, Any]:
    """Return a volume in a folder, which every user may write to."""
    path.mkdir()
    path.chmod(0o777)
    node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": CAPACITY},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
        },
    }
