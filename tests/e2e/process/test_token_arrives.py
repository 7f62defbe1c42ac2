"""With the real agent: every token that the kit accepts arrives at the gateway as it is."""

from __future__ import annotations

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import grpc
import pytest
from sidecar_tracing import Config

from sidecar.plan.agents import config_text, tags_key
from sidecar.rules.tokens import MAX_LENGTH
from sidecar.stand_in.stubs import collector_pb2, collector_pb2_grpc
from sidecar.tokens.source import clean

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

TOKENS = {
    "the vendor's shape": "abc123@0123456789abcde_abc123@53df7ad2afe8301",
    "a dollar sign": "ab$c@1_ab$c@2$",
    "what a shell would expand": "ab$HOME@1_ab@2",
    "half of a variable": "ab}$c{@1_ab@2",
    "equals signs": "ab==@1_ab@2==",
    "YAML's own signs": "#ab:@1_&ab*!|>%@2:",
    "brackets": "[ab]{c}(d)@1_ab@2",
    "backslashes": r"ab\n\x41\\@1_ab@2",
    "a number": "1e3",
    "a word that YAML knows": "no",
    "the longest": "a" * MAX_LENGTH,
}


class Recorder(collector_pb2_grpc.CollectorServiceServicer):
    """Keeps the tags of each batch."""

    def __init__(self) -> None:
        self.tags: Queue[dict[str, str]] = Queue()

    def PostSpans(self, request, context):  # noqa: N802 - gRPC's name
        self.tags.put({tag.key: tag.v_str for tag in request.batch.process.tags})
        return collector_pb2.PostSpansResponse()


@pytest.fixture
def gateway():
    """A gRPC server that takes everything: (address, recorder)."""
    recorder, server = Recorder(), grpc.server(ThreadPoolExecutor(2))
    collector_pb2_grpc.add_CollectorServiceServicer_to_server(recorder, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", recorder
    server.stop(None).wait()


@pytest.fixture
def agent(agent_binary, gateway, tmp_path):
    """Start the agent with a token file; returns its UDP port."""
    address, _ = gateway
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = []

    def start(path) -> int:
        flags = {
            "config-file": path,
            "reporter.grpc.host-port": address,
            "admin.http.host-port": "127.0.0.1:0",
            "http-server.host-port": "127.0.0.1:0",
            "processor.jaeger-compact.server-host-port": f"127.0.0.1:{port}",
            "processor.jaeger-binary.server-host-port": "127.0.0.1:0",
            "processor.zipkin-compact.server-host-port": "127.0.0.1:0",
        }
        with (tmp_path / "agent.log").open("w") as log:
            argv = [agent_binary, *(f"--{name}={value}" for name, value in flags.items())]
            started.append(subprocess.Popen(argv, stdout=log, stderr=log))
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def report_one_span(port: int) -> None:
    """Send a span; sidecar_tracing keeps it until the agent listens."""
    options = {"local_agent": {"reporting_host": "127.0.0.1", "reporting_port": port}}
    tracer = Config(config=options, service_name="shop", validate=True).new_tracer()
    tracer.start_span("one").finish()
    assert tracer.close(20)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_an_accepted_token_arrives_unchanged(token, agent, gateway, tmp_path):
    """From a pasted text through the file and the agent to the batch's tags."""
    path = tmp_path / "secrets" / "agent.yaml"
    pasted = clean(f"Authentication={token}\r\n")
    path.parent.mkdir()
    path.write_text(config_text(pasted, tags_key("1.62.0")))
    report_one_span(agent(path))

    assert token == gateway[1].tags.get(timeout=10)["Authentication"]
