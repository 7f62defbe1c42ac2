"""A deployment under Compose for faults: three replicas of two services, their agents, a gateway.

It is rendered by the kit. Only the gateway is changed: it writes down what comes.
"""

from __future__ import annotations

import copy
import json
import secrets
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
import yaml
from compose_deployment import DeployedFolder, sidecar, wait_for
from docker.errors import NotFound
from faults import namespaces
from faults.ledgers import Ledgers

from sidecar.rules.kinds import AGENT

INSIDE = Path(__file__).with_name("inside")
SAMPLE = "sidecar-kit/sample:0.1.0"
TOKEN = 'agent: {tags: "Authentication=local@stand-in_local@public-constant"}\n'
WRONG = 'agent: {tags: "Authentication=other@stand-in_other@public-constant"}\n'


def spec(name, ledger, sample, rate, kind=AGENT):
    """Return the spec: `orders`, and `stock` with two replicas."""
    service = {
        "image": sample,
        "command": ["python", "/faults/workload.py"],
        "environment": {"WORKLOAD_RATE": f"{rate:g}", "PYTHONUNBUFFERED": "1"},
        "volumes": [f"{INSIDE}:/faults:ro", f"{ledger}:/ledger"],
        "port": 8080,
        "health": {"http": "/healthz", "timeout_s": 10, "retries": 20},
    }
    services = [{"name": "orders", **service}, {"name": "stock", "replicas": 2, **service}]
    agent = {} if kind is AGENT else {"agent": {"kind": kind.name}}
    return {"region": "local", "name": name, **agent, "services": services}


class ComposeBed(DeployedFolder):
    """The deployment, and the ways to break and mend it."""

    def __init__(self, folder, engine, compose, images, rate=10.0, *, kind=AGENT):
        super().__init__(folder / "out", engine, compose, images)
        self.project = f"faults-{secrets.token_hex(3)}"
        self.settings["COMPOSE_PROJECT_NAME"] = self.project
        self.root, self._rate, self.kind = folder, rate, kind
        ledger = folder / "ledger"
        ledger.mkdir()
        ledger.chmod(0o777)
        self.ledgers = Ledgers(ledger)
        self.extra: list[str] = []

    def render(self, change=None, **settings):
        """Render the deployment with the kit, and let the gateway write down what comes."""
        sample = dict(line.split("=", 1) for line in self._images.splitlines() if "=" in line).get(
            "SIDECAR_SAMPLE_IMAGE", SAMPLE
        )
        data = spec(self.project, self.ledgers.folder, sample, self._rate, self.kind)
        if change:
            change(data)
        (self.root / "sidecar.yaml").write_text(yaml.safe_dump(data))
        (self.folder / "docker-compose.yml").unlink(missing_ok=True)
        done = sidecar("render", "--file", self.root / "sidecar.yaml", "--out", self.folder)
        assert done.code == 0, done.err
        rendered = yaml.safe_load((self.folder / "docker-compose.yml").read_text())
        gateway = rendered["services"]["gateway"]
        gateway["entrypoint"] = ["python", "/faults/ledger_gateway.py"]
        gateway["volumes"] = [f"{INSIDE}:/faults:ro", f"{self.ledgers.folder}:/ledger"]
        self.plan = rendered
        self._write(rendered)
        self.set(**settings)

    def _write(self, data):
        (self.folder / "docker-compose.yml").write_text(yaml.safe_dump(data, sort_keys=False))

    def edit(self, change, *services, secret=None):
        """Change the Compose file as data, and bring services to what it then says."""
        data = copy.deepcopy(self.plan)
        change(data["services"])
        if secret:
            data["secrets"]["other"] = {"file": str(secret)}
        self._write(data)
        self._bring(*services)

    def restore(self, *services):
        """Write the Compose file as it was rendered, and bring services to it."""
        self._write(self.plan)
        self._bring(*services)

    def _bring(self, *services):
        options = ("--detach", "--no-deps", "--no-build", "--pull=never", "--timeout=6")
        self.run("up", *options, *services)

    def docker(self, *arguments):
        """Run a command of the engine."""
        done = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def names(self, service):
        """Return the names of a service's containers."""
        found = self.engine.containers.of_project(self.project, service)
        return [container.name for container in found]

    def pid(self, service):
        """Return the host's id of the first process of a service's first container."""
        return int(self.docker("inspect", "--format={{.State.Pid}}", self.names(service)[0]))

    def inside(self, service, *command):
        """Run a command in the network namespace of a service's container."""
        return namespaces.run_inside(self.pid(service), *command)

    def network(self, name):
        """Return a network's name in the engine."""
        return f"{self.project}_{name}"

    def set_faults(self, **faults):
        """Set these faults of the stand-in, and no others."""
        answer = requests.put(f"{self.page}/api/faults", json=faults, timeout=10)
        assert answer.ok, answer.text

    def other_token(self, content, mode=0o644):
        """Give the agent of `orders` another token file, with a new container."""

        def change(services):
            services["orders-agent"]["secrets"] = [{"source": "other", "target": "agent.yaml"}]

        self.edit(change, "orders-agent", secret=self._token_file(content, mode))

    def other_gateway_token(self, content):
        """Let the gateway expect another token."""

        def change(services):
            services["gateway"]["secrets"] = [{"source": "other", "target": "agent.yaml"}]

        self.edit(change, "gateway", secret=self._token_file(content))

    def _token_file(self, content, mode=0o644):
        path = self.root / f"token-{secrets.token_hex(4)}.yaml"
        path.write_text(content)
        path.chmod(mode)
        return path

    def interface(self, service, network):
        """Return the interface of a service's container on a network."""
        found = self.inspect(service)["NetworkSettings"]["Networks"][self.network(network)]
        address = f" {found['IPAddress']}/"
        lines = self.inside(service, "ip", "-o", "-4", "address").splitlines()
        return next(line.split()[1] for line in lines if address in line)

    def agents(self):
        """Return {agent: process id} of the agents that run."""
        client = self.engine.containers._client.api
        label = [f"com.docker.compose.project={self.project}", "sidecar-kit.role=agent"]
        listed = client.containers(filters={"label": label, "status": "running"})
        found = {}
        for entry in listed:
            with suppress(NotFound):
                found[entry["Id"]] = client.inspect_container(entry["Id"])["State"]["Pid"]
        return {name: pid for name, pid in found.items() if pid}

    def settle(self):
        """Let clients send what they hold, which they do once a second."""
        time.sleep(3)

    def prove(self, *options):
        """Run verify; return its report as data, and the exit code."""
        done = self.verify("--output", "json", *options, path_only=False)
        try:
            return done.code, done.report
        except json.JSONDecodeError:
            return done.code, {"hops": [], "error": done.err.strip()[-500:]}

    def mend_by_force(self):
        """Mend, and restart the gateway and all agents."""
        self.mend()
        self.run("restart", "--timeout=3", "gateway", "orders-agent", "stock-agent")
        self.up()

    def mend(self):
        """Bring everything back to what was rendered, whatever happened to it."""
        for container in self.engine.containers.of_project(self.project):
            if container.status == "paused":
                self.docker("unpause", container.name)
        self._write(self.plan)
        self.up("--remove-orphans")
        wait_for(lambda: requests.get(f"{self.page}/healthz", timeout=2).ok, bool, 20)
        self.set_faults()


@contextmanager
def running_bed(folder, engine, compose, images, rate=10.0, *, kind=AGENT):
    """A deployment that runs and is healthy; removed after the block."""
    bed = ComposeBed(folder, engine, compose, images, rate, kind=kind)
    bed.render()
    try:
        yield bed.up()
    finally:
        bed.down()
