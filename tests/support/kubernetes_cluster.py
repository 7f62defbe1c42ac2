"""A cluster for tests: namespaces that enforce Pod Security `restricted`, and work in them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from _require import lack
from programs import find_program, lab

from sidecar.image_names import official

if TYPE_CHECKING:
    from collections.abc import Callable

Reading = TypeVar("Reading")
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def environment() -> dict[str, str]:
    """Return the environment for kubectl and helm."""
    settings = dict(os.environ)
    folder = lab()
    if folder and (folder / "kubeconfig").is_file():
        settings.setdefault("KUBECONFIG", str(folder / "kubeconfig"))
    return settings


def run(*command: object, stdin: str | None = None, seconds: float = 180) -> str:
    """Run a command and return its standard output; if it fails, the test shows its output."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        env=environment(),
        input=stdin,
        timeout=seconds,
        check=False,
    )
    report = f"{shlex.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, report
    return done.stdout


def loader() -> list[str] | None:
    """Return the command that loads an image from standard input; None if there is none."""
    if given := os.environ.get("E2E_KUBERNETES_LOAD"):
        return shlex.split(given)
    folder = lab()
    if folder is None:
        return None
    socket = folder / "k8s" / "containerd.sock"
    command = ["ctr", "-a", str(socket), "-n", "k8s.io", "images", "import", "-"]
    return command if socket.exists() else None


def into_cluster(images: list[str]) -> None:
    """Copy images from the engine into the cluster's store."""
    command = loader()
    if command is None:
        lack(
            "kubernetes",
            "images cannot be loaded; E2E_KUBERNETES_LOAD names a command that reads `docker save`",
        )
    for image in sorted(images):
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                command, stdin=saved.stdout, check=True, capture_output=True, timeout=300
            )


@dataclass(frozen=True)
class Namespace:
    """One namespace, and the work of tests in it."""

    name: str

    def kubectl(self, *arguments: object, stdin: str | None = None, seconds: float = 180) -> str:
        """Run kubectl here."""
        return run(
            find_program("kubectl"), "-n", self.name, *arguments, stdin=stdin, seconds=seconds
        )

    def helm(self, *arguments: object, program: str = "helm") -> str:
        """Run helm here."""
        return run(find_program(program), *arguments, "-n", self.name)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def get(self, *arguments: object) -> list[dict[str, Any]]:
        """Return objects as data."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))["items"]

    def kinds(self) -> str:
        """Return the names of every kind that a namespace can hold, for kubectl."""
        names = self.kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
        return ",".join(sorted(name for name in names if not name.endswith(".metrics.k8s.io")))

    def objects(self) -> set[str]:
        """Return everything here, of whatever kind, but the cluster's own log of events."""
        listed = self.kubectl("get", self.kinds(), "-o", "name").split()
        return {name for name in listed if not name.startswith(("event/", "event.events.k8s.io/"))}

    def sidecar(
        self, *arguments: object, stdin: str = "", kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the kit's command here."""
        settings = {**environment(), **({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})}
        folder = Path(str(find_program("kubectl"))).parent
        settings["PATH"] = f"{folder}{os.pathsep}{settings['PATH']}"
        command = [sys.executable, "-m", "sidecar", *map(str, arguments), "--namespace", self.name]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=settings, timeout=200
        )

    def set_token(self, name: str, token: str) -> None:
        """Put a token into a Secret, as the kit does."""
        done = self.sidecar(
            "token", "set", "--kubernetes-secret", name, "--apply", "--stdin", stdin=token
        )
        assert done.returncode == 0, done.stderr

    def python(self, name: str, code: str, *arguments: object, wait: bool = True) -> str:
        """Run Python in a pod of the stand-in's image and return its output, or only start it."""
        container = {
            "name": "client",
            "image": official().gateway.name,
            "command": ["python", "-u", "-c", code, *map(str, arguments)],
            "securityContext": RESTRICTED,
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [container],
        }
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        return self.result(name) if wait else ""

    def result(self, name: str, seconds: float = 200) -> str:
        """Return what a pod printed, once it ended well."""
        wait_until(lambda: self.phase(name) in ("Succeeded", "Failed"), seconds, f"pod {name} ends")
        log = self.kubectl("logs", name)
        assert self.phase(name) == "Succeeded", log
        return log

    def phase(self, name: str) -> str:
        """Return a pod's phase."""
        return self.kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")

    def pod_of(self, component: str) -> dict[str, Any]:
        """Return the newest pod of a component, once one is there that is not being deleted."""
        alive: list[dict[str, Any]] = []

        def is_there() -> bool:
            pods = self.get("pods", "-l", f"app.kubernetes.io/component={component}")
            alive.extend(pod for pod in pods if "deletionTimestamp" not in pod["metadata"])
            return bool(alive)

        wait_until(is_there, 60, f"{component} has a pod")
        return max(alive, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def release_record(self, release: str) -> str:
        """Return what Helm keeps of a release, decoded."""
        secrets = self.get("secrets", "-l", f"owner=helm,name={release}")
        packed = [base64.b64decode(base64.b64decode(each["data"]["release"])) for each in secrets]
        return "".join(gzip.decompress(each).decode() for each in packed)


def wait_until(condition, seconds: float, what: str) -> None:
    """Return as soon as the condition holds; the test fails if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)


def eventually(read: Callable[[], Reading], expected: Reading, seconds: float) -> Reading:
    """Return a reading as soon as it is the expected one, or the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while (found := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


@contextmanager
def namespace(prefix: str):
    """Create a namespace that enforces Pod Security `restricted`, and remove it in the end.

    Its name is unique, so that runs that share a cluster do not conflict.
    """
    kubectl, name = find_program("kubectl"), f"{prefix}-{uuid.uuid4().hex[:8]}"
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    metadata = {"name": name, "labels": labels}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    run(kubectl, "create", "-f", "-", stdin=json.dumps(manifest))
    try:
        yield Namespace(name)
    finally:
        run(kubectl, "delete", "namespace", name, "--wait=false")
