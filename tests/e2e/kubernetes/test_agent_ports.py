"""The agent's ports that other pods reach: none, and with `metrics.enabled` the admin port."""

from __future__ import annotations

import json

import pytest
from canary_release import CANARY, GATEWAY, upgrade

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

ADMIN = ("/metrics", "/debug/pprof/cmdline", "/debug/vars")
SPANS = 5
KNOCK = """
import json, socket, sys
def opens(port):
    try:
        socket.create_connection((sys.argv[1], port), timeout=3).close()
    except OSError:
        return False
    return True
print(json.dumps([port for port in map(int, sys.argv[2:]) if opens(port)]))
"""
BOUND = """
import json, pathlib
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
LISTENING = {"tcp": "0A", "udp": "07"}
def bound(table):
    rows = [line.split() for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]]
    here = [row[1].split(":") for row in rows if row[3] == LISTENING[table[:3]]]
    return {f"{table[:3]} {int(port, 16)}" for address, port in here if address not in LOOPBACK}
print(json.dumps(sorted(set().union(*(bound(table) for table in ("tcp", "tcp6", "udp", "udp6"))))))
"""
TRY = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"  # well or not
FETCH = """
import sys, time, urllib.error, urllib.request
deadline = time.monotonic() + 30
def fetch(url):
    while True:  # the nodes may not know a Service's new port yet
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)
print(fetch(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def outside(release):
    """Runs Python in another pod of the namespace."""
    release.python("outside", "import time; time.sleep(3600)", wait=False)
    release.kubectl("wait", "--for=condition=Ready", "pod/outside", "--timeout=60s")
    yield lambda *arguments: release.kubectl("exec", "outside", "--", "python", *arguments)
    release.kubectl("delete", "pod", "outside", "--wait=false")


def test_no_port_of_an_agent_is_reached_from_another_pod(release, outside) -> None:
    """While the service's own port is, and the agent takes the spans of its own service."""
    upgrade(release)

    assert ["tcp 8080"] == bound(release)
    assert [8080] == open_ports(release, outside)
    assert {"inside": SPANS, "outside": 0} == spans_taken(release, outside, "closed")


def test_metrics_open_only_the_admin_port(release, outside) -> None:
    """Prometheus finds the agents' counters there and through the Service; no token is in there."""
    admit = f"metrics.namespaceLabels.kubernetes\\.io/metadata\\.name={release.name}"
    upgrade(release, "--set", f"metrics.enabled=true,{admit}")

    assert ["tcp 14271", "tcp 8080"] == bound(release)
    assert [8080, 14271] == open_ports(release, outside)
    assert {"inside": SPANS, "outside": 0} == spans_taken(release, outside, "metrics")
    for host in (address(release), "demo-frontend", "demo-backend"):
        answers = {path: outside("-c", FETCH, f"http://{host}:14271{path}") for path in ADMIN}
        assert "\njaeger_agent_reporter_spans_submitted_total" in answers["/metrics"]
        assert "--config-file=/run/secrets/sidecar/agent.yaml" in answers["/debug/pprof/cmdline"]
        assert not any(part in text for part in CANARY.split("@") for text in answers.values())


def address(release) -> str:
    """Return the address of the frontend's pod."""
    return release.pod_of("frontend")["status"]["podIP"]


def bound(release) -> list[str]:
    """Return the ports that any container of the frontend's pod binds beyond loopback."""
    name = release.pod_of("frontend")["metadata"]["name"]
    return json.loads(release.kubectl("exec", name, "--", "python", "-c", BOUND))


def open_ports(release, outside) -> list[int]:
    """Return the ports of the frontend's pod that accept a connection: service, sampling, admin."""
    return json.loads(outside("-c", KNOCK, address(release), 8080, 5778, 14271))


def spans_taken(release, outside, marker: str) -> dict[str, int]:
    """Return how many marked spans arrive from an agent's own pod, and from another pod."""
    probe = ("-m", "sidecar_tracing.probe", "--service=frontend", f"--spans={SPANS}")
    outside(
        "-c",
        TRY,
        *probe,
        f"--marker={marker}-outside",
        f"--agent={address(release)}:6831",
        "--timeout=1",
    )
    name = release.pod_of("frontend")["metadata"]["name"]
    release.kubectl("exec", name, "--", "python", *probe, f"--marker={marker}-inside")
    settled = {
        "inside": SPANS,
        "outside": 0,
    }  # the first arrived: the second, which was sent before, never will
    return {
        where: accepted(outside, f"{marker}-{where}", spans) for where, spans in settled.items()
    }


def accepted(outside, marker: str, spans: int) -> int:
    """Return how many spans of a marker the stand-in accepted, once it has so many."""
    options = (f"--url={GATEWAY}", f"--settled={spans}", "--seconds=20")
    return json.loads(outside("-m", "sidecar.verify.network.reader", "gateway", marker, *options))[
        "accepted"
    ]
