"""A collector in the agent's place: an outage of the gateway and its own end cost no span."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import docker
import pytest
from _require import only_stacks
from compose_deployment import DeployedFolder, Traffic, deployed, sidecar, wait_for

from sidecar.agent_metrics import totals
from sidecar.engine.short_lived import RunRequest
from sidecar.image_names import built_collector
from sidecar.rules.collectors import DEFAULT_VERSION, METRICS_PORT
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.verify.network.loopback import fetch

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

REQUESTS = 30
SPEC = "region: local\nagent: {kind: collector}\n"
HOPS = (
    *("client sent", "collector received", "collector queued"),
    *("collector sent", "gateway accepted"),
)
PARTS = ("jaeger", "otlp", "memory_limiter", "resource", "otlp_grpc", "file_storage")
CONTAINERS = ("backend-agent", "frontend-agent", "sidecar-forwarder")
WRONG = "wrong@0123456789abcde_wrong@53df7ad2afe8301"
RECOVERY_SECONDS = 90
"""gRPC's own pauses between two attempts to connect grow with the outage."""


@pytest.fixture(scope="module")
def collected(engine, compose, collector_images, tmp_path_factory):
    """The sample with collectors, as rendered, running."""
    folder = tmp_path_factory.mktemp("collector")
    (folder / "sidecar.yaml").write_text(SPEC)
    done = sidecar("render", "--file", folder / "sidecar.yaml", "--out", folder)
    assert 0 == done.code, done.err
    with deployed(DeployedFolder(folder, engine, compose, collector_images)) as deployment:
        deployment.set(SIDECAR_TOKEN_FOLDER=str(folder / "secrets" / "forwarder"))
        assert 0 == _token(folder, "set", LOCAL_TOKEN).code
        yield deployment.up()


def test_every_hop_is_proven_through_collectors(collected):
    """As with agents; what comes to a collector is counted in spans."""
    request = "http://frontend:8080/greet"
    hops, done = collected.hops("--request", request, path_only=False)

    assert 0 == done.code, done.out
    assert [
        (service, hop) for service in ("backend", "frontend") for hop in ("service reports", *HOPS)
    ] == list(hops)
    assert {"spans"} == {hop["unit"] for hop in hops.values() if hop["hop"] in HOPS}


def test_a_request_is_one_trace_over_two_services(collected):
    """The trace of one request has its spans in frontend and backend, through two collectors."""
    trace = collected.trace(collected.greet())

    assert 5 == len(trace["spans"])
    services = {process["serviceName"] for process in trace["processes"].values()}
    assert {"frontend", "backend"} == services


@only_stacks
def test_what_was_answered_arrives_although_all_stops(collected):
    """A stop in Compose's order under traffic: what is in a queue then arrives after a start."""
    with Traffic(collected) as traffic:
        traffic.wait_for_more(100)
        collected.run("stop", "frontend", "backend", "frontend-agent", "backend-agent")
    collected.up()

    spans = [len(collected.trace(each)["spans"]) for each in traffic.answered]
    assert 100 <= len(spans)
    assert {5} == {*spans}


def test_an_outage_and_a_killed_collector_cost_no_span(collected):
    """Spans of requests without a gateway arrive when it is back, each once by its id."""
    collected.run("stop", "--timeout=1", "gateway")
    expected = _received(collected) + 3 * REQUESTS
    sent = [collected.greet() for _ in range(REQUESTS)]
    process = collected.process("backend-agent")
    # a client sends once a second
    assert expected == wait_for(lambda: _received(collected), lambda spans: spans >= expected)
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: collected.inspect("backend-agent")["State"]["Pid"], lambda pid: pid != process)
    collected.up()

    traces = [collected.trace(trace_id, seconds=RECOVERY_SECONDS) for trace_id in sent]

    assert None not in traces
    spans = [[span["spanID"] for span in trace["spans"]] for trace in traces]
    assert [(5, 5)] * REQUESTS == [(len(ids), len(set(ids))) for ids in spans]


def test_a_wrong_token_costs_no_span_and_a_rotation_starts_nothing(collected):
    """What is refused for its token waits, with the cause; the right one is taken in place."""
    before = [collected.inspect(name)["Id"] for name in CONTAINERS]
    assert 0 == _token(collected.folder, "set", WRONG).code
    sent = [collected.greet() for _ in range(REQUESTS)]
    hops, _ = collected.hops("--seconds=3", "--spans=20")
    refused = _token(collected.folder, "rotate", f"{WRONG}-too")

    rotated = _token(collected.folder, "rotate", LOCAL_TOKEN)
    traces = [collected.trace(trace_id, seconds=RECOVERY_SECONDS) for trace_id in sent]

    waits = hops["backend", "collector sent"]
    assert ("waits", True) == (waits["state"], "refused the token" in waits["cause"]), waits
    assert (1, True) == (refused.code, "The old token was restored" in refused.err), refused.err
    assert (0, True) == (rotated.code, "Read by: sidecar-forwarder" in rotated.out), rotated.err
    spans = [[span["spanID"] for span in trace["spans"]] for trace in traces]
    assert [(5, 5)] * REQUESTS == [(len(ids), len(set(ids))) for ids in spans]
    assert before == [collected.inspect(name)["Id"] for name in CONTAINERS]


def test_no_surface_of_the_engine_shows_the_token(collected):
    """Arguments, environment, logs, configuration, queue: only the forwarder has it, in a file."""
    containers = {name: _sdk(collected, name) for name in CONTAINERS}
    forwarder = containers["sidecar-forwarder"]
    surfaces = [text for each in containers.values() for text in _surfaces(each)]
    for name in CONTAINERS[:2]:
        (program,) = containers[name].attrs["Config"]["Entrypoint"]
        config = "--config=/etc/otelcol/config.yaml"
        surfaces.append(_execute(containers[name], program, "print-config", config))
        surfaces.append(b"".join(containers[name].get_archive("/var/lib/otelcol")[0]))
    surfaces.append(_execute(forwarder, "python", "-c", "import os; print(os.environ)"))
    mounted = next(
        each["Source"] for each in forwarder.attrs["Mounts"] if "secrets" in each["Destination"]
    )

    assert b"sending_queue" in surfaces[-5]
    assert b"exporter_otlp_grpc__traces" in surfaces[-4]
    assert [] == [text[:200] for text in surfaces if LOCAL_TOKEN.encode() in text]
    assert LOCAL_TOKEN.encode() in (Path(mounted) / "token").read_bytes()


def _sdk(deployment, service):
    """Return a container as the engine's own client has it."""
    return docker.from_env().containers.get(deployment.container(service).identity)


def _execute(container, *argv):
    """Return what a program prints in a container, and its errors."""
    return container.exec_run(argv).output


def _surfaces(container):
    """Return what the engine shows of a container."""
    return [
        json.dumps(each).encode() if not isinstance(each, bytes) else each
        for each in (container.attrs, container.top(), container.logs(), container.image.history())
    ]


@only_stacks
@pytest.mark.timeout(1200)
def test_the_image_is_built_where_no_registry_answers(engine, tmp_path):
    """From Go modules by the collector's own builder; it knows all that a configuration names."""
    done = sidecar("images", "--source=build", "--agent-kind=collector", "--out", tmp_path)

    assert 0 == done.code, done.err
    name = built_collector(DEFAULT_VERSION)
    assert f"SIDECAR_COLLECTOR_IMAGE={name}" in (tmp_path / ".env").read_text()
    assert "10001:10001" == engine.images.find(name).user
    listed = engine.short_lived.run(RunRequest(image=name, argv=("components",))).stdout
    assert all(part in listed for part in PARTS), listed


def _token(folder, action, token):
    """Run `sidecar token` with a token from a file."""
    file = folder / "token.txt"
    file.write_text(token)
    file.chmod(0o600)
    return sidecar("token", action, "--out", folder, "--file", file)


def _received(deployment):
    """Return how many spans the backend's collector has taken into its queue."""
    networks = deployment.inspect("backend-agent")["NetworkSettings"]["Networks"].values()
    address = next(network["IPAddress"] for network in networks)
    return totals(fetch(f"http://{address}:{METRICS_PORT}/metrics")).get("packets_processed", 0)
