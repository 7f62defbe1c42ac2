"""What the engine itself says of the containers, and who reaches whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.engine.short_lived import RunRequest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

KIT = ("frontend", "backend", "frontend-agent", "backend-agent", "gateway")
AGENTS = ("frontend-agent", "backend-agent")
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 14271), 2); print('reached')"


def connect(deployment, inside, host):
    """Try the admin port of `host` from a container's own network; return what was printed."""
    image = deployment.inspect("gateway")["Config"]["Image"]
    network = f"container:{deployment.container(inside).identity}"
    request = RunRequest(image, ("-c", CONNECT, host), entrypoint=("python",), network_mode=network)
    return deployment.engine.short_lived.run(request).stdout.strip()


def addresses(deployment, service):
    """Return a container's addresses in all its networks."""
    return [
        network["IPAddress"]
        for network in deployment.inspect(service)["NetworkSettings"]["Networks"].values()
    ]


@pytest.mark.parametrize("service", KIT)
def test_a_container_can_do_no_more_than_it_needs(deployment, service):
    """Read-only root, no capabilities, no new privileges, a user that is not root."""
    data = deployment.inspect(service)
    host = data["HostConfig"]

    assert host["ReadonlyRootfs"]
    assert (["ALL"], None) == (host["CapDrop"], host["CapAdd"])
    assert ["no-new-privileges:true"] == host["SecurityOpt"]
    assert not host["Privileged"]
    assert "10001:10001" == data["Config"]["User"]


@pytest.mark.parametrize("service", KIT)
def test_a_container_is_bounded(deployment, service):
    """Memory and processes are limited, logs rotate, and the engine restarts a container."""
    host = deployment.inspect(service)["HostConfig"]

    assert 0 < host["Memory"] <= 1024 * 2**20
    assert 256 == host["PidsLimit"]
    assert {"max-size": "10m", "max-file": "3"} == host["LogConfig"]["Config"]
    assert "unless-stopped" == host["RestartPolicy"]["Name"]


@pytest.mark.parametrize("service", KIT)
def test_the_kernel_sees_it_so(deployment, service):
    """The running process itself has no capability left, and may gain none."""
    status = Path(f"/proc/{deployment.process(service)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert {"0000000000000000"} == {fields[name] for name in ("CapPrm", "CapEff", "CapBnd")}
    assert "1" == fields["NoNewPrivs"]
    assert "10001" == fields["Uid"].split()[0]


def test_nothing_of_an_agent_is_published(deployment):
    """On the host, frontend and page answer on loopback; backend and agents have no port there."""
    published = {name: deployment.inspect(name)["HostConfig"]["PortBindings"] or {} for name in KIT}

    assert {"frontend", "gateway"} == {name for name, ports in published.items() if ports}
    assert {"127.0.0.1"} == {
        binding["HostIp"]
        for ports in published.values()
        for bindings in ports.values()
        for binding in bindings
    }


@pytest.mark.parametrize("agent", AGENTS)
def test_the_admin_port_answers_inside_only(deployment, agent):
    """Only an agent's own service can reach its admin port, by name or address."""
    own = agent.removesuffix("-agent")
    other = next(name for name in ("frontend", "backend") if name != own)

    assert "reached" == connect(deployment, own, agent)
    assert [""] * 3 == [
        connect(deployment, other, host) for host in (agent, *addresses(deployment, agent))
    ]


def test_an_agent_reads_the_token_from_its_file_only(deployment):
    """Only the token file is mounted into an agent, read-only; the engine shows no token."""
    data = deployment.inspect("frontend-agent")

    assert [("/run/secrets/agent.yaml", False)] == [
        (mount["Destination"], mount["RW"]) for mount in data["Mounts"]
    ]
    assert "public-constant" not in json.dumps(data)
