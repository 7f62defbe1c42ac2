"""A release in a cluster for faults: three pods of two services, and the stand-in.

The chart is the kit's. Only the gateway's pod is changed: it writes down what comes. The cluster's
one node is this machine: the ledgers are in a folder of it, and faults enter a pod's network.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import requests
from faults import namespaces
from faults.compose_bed import INSIDE, TOKEN
from faults.ledgers import Ledgers
from helm_charts import CHART
from kubernetes_cluster import Namespace, run
from programs import find_program

RELEASE = "faults"
_KEPT = "deployments,services,secrets"


class KubernetesBed:
    """The release, and the ways to break and mend it."""

    def __init__(self, folder, space, images, rate):
        self.folder, self.space, self._images, self._rate = folder, space, images, rate
        ledger = folder / "ledger"
        ledger.mkdir()
        ledger.chmod(0o777)
        self.ledgers = Ledgers(ledger)

    def install(self):
        """Install the release, and let the gateway write down what comes."""
        path = self.folder / "token.yaml"
        path.write_text(TOKEN)
        self.space.kubectl(
            "create", "secret", "generic", "tracing", f"--from-file=agent.yaml={path}"
        )
        values = self.folder / "values.json"
        values.write_text(json.dumps(self._values()))
        self.space.helm("install", RELEASE, CHART, "--values", values)
        self.patch("gateway", self._gateway())
        for service in ("orders", "stock"):
            self.patch(service, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
        self.await_ready()
        self.kept = self._keep()

    def _volumes(self):
        folders = {"faults": INSIDE, "ledger": self.ledgers.folder}
        volumes = [{"name": name, "hostPath": {"path": str(at)}} for name, at in folders.items()]
        mounts = [{"name": name, "mountPath": f"/{name}"} for name in folders]
        return volumes, mounts

    def _values(self):
        volumes, mounts = self._volumes()
        service = {
            "command": ["python", "/faults/workload.py"],
            "env": {"WORKLOAD_RATE": f"{self._rate:g}"},
            "port": 8080,
            "runAsUser": 10001,
            "health": {"path": "/healthz", "startSeconds": 60},
            "extraVolumes": volumes,
            "extraVolumeMounts": mounts,
        }
        services = {
            "frontend": {"enabled": False},
            "backend": {"enabled": False},
            "orders": {**service, "replicas": 1},
            "stock": {**service, "replicas": 2},
        }
        return {"existingSecret": "tracing", "images": self._images, "services": services}

    def _gateway(self):
        volumes, mounts = self._volumes()
        command = ["python", "/faults/ledger_gateway.py"]
        container = {"name": "gateway", "command": command, "volumeMounts": mounts}
        return {"spec": {"template": {"spec": {"volumes": volumes, "containers": [container]}}}}

    def _keep(self):
        found = json.loads(self.space.kubectl("get", _KEPT, "-o", "json"))
        own = [item for item in found["items"] if not item.get("type", "").startswith("helm.sh/")]
        return {"apiVersion": "v1", "kind": "List", "items": [_plain(item) for item in own]}

    def patch(self, service, change, kind="strategic"):
        """Change a deployment."""
        options = (f"--type={kind}", "--patch", json.dumps(change))
        self.space.kubectl("patch", "deployment", f"{RELEASE}-{service}", *options)

    def edit(self, service, change):
        """Change the pods of a deployment as data."""
        name = f"{RELEASE}-{service}"
        item = _plain(json.loads(self.space.kubectl("get", "deployment", name, "-o", "json")))
        change(item["spec"]["template"]["spec"])
        self.space.kubectl("replace", "-f", "-", stdin=json.dumps(item))

    def restore(self):
        """Bring all objects back to what they were, and wait for their pods."""
        self.restore_secret()
        self.space.kubectl("replace", "-f", "-", stdin=json.dumps(self.kept))
        self.await_ready()

    def restore_secret(self):
        """Bring back the Secret of the token."""
        named = [item for item in self.kept["items"] if item["metadata"]["name"] == "tracing"]
        self.space.apply(*named)

    def await_ready(self):
        """Return when every deployment is as it should be."""
        for service in ("gateway", "orders", "stock"):
            name = f"deployment/{RELEASE}-{service}"
            self.space.kubectl("rollout", "status", name, "--timeout=120s")

    def pods(self, service):
        """Return the pods of a service that are not about to end, as data."""
        found = self.space.get("pods", "-l", f"app.kubernetes.io/component={service}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def replace_pods(self, service):
        """Delete the pods of a service; new ones follow."""
        label = f"app.kubernetes.io/component={service}"
        self.space.kubectl("delete", "pod", "-l", label, "--grace-period=3")

    def inside(self, service, *command):
        """Run a command in the network namespace of a service's first pod."""
        name = self.pods(service)[0]["metadata"]["name"]
        pids = [pid for pod, pid in self.agents().items() if pod == name]
        assert pids, f"no agent's process of pod {name} on this machine"
        return namespaces.run_inside(pids[0], *command)

    def set_faults(self, **faults):
        """Set these faults of the stand-in, and no others."""
        address = self.pods("gateway")[0]["status"]["podIP"]
        session = requests.Session()
        session.trust_env = False
        answer = session.put(f"http://{address}:16686/api/faults", json=faults, timeout=10)
        assert answer.ok, answer.text

    def agents(self):
        """Return {pod: process id} of the release's agents that run."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if b"agent-linux" not in (folder / "cmdline").read_bytes().split(b"\0")[0]:
                    continue
                pod = (folder / "root/etc/hostname").read_text().strip()
            except OSError:
                continue
            if pod.startswith(f"{RELEASE}-"):
                found[pod] = int(folder.name)
        return found

    def prove(self, *options):
        """Run verify; return its report as data, and the exit code."""
        words = ("verify", "--target", "kubernetes", "--release", RELEASE, "--output", "json")
        done = self.space.sidecar(*words, *options)
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.returncode, {"hops": [], "error": done.stderr.strip()[-500:]}

    def mend_by_force(self):
        """Bring all objects back, and replace all pods."""
        self.restore()
        for service in ("gateway", "orders", "stock"):
            self.replace_pods(service)
        time.sleep(1)
        self.await_ready()


def _plain(item):
    """Return an object without what the cluster wrote into it."""
    item.pop("status", None)
    for key in ("resourceVersion", "uid", "generation", "creationTimestamp", "managedFields"):
        item["metadata"].pop(key, None)
    return item


@contextmanager
def running_release(images, rate):
    """A release that runs and is healthy, in a namespace of its own; removed after the block."""
    name = f"faults-{secrets.token_hex(3)}"
    run(find_program("kubectl"), "create", "namespace", name)
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)
    try:
        bed = KubernetesBed(folder, Namespace(name), images, rate)
        bed.install()
        yield bed
    finally:
        run(find_program("kubectl"), "delete", "namespace", name, "--wait=false")
