"""The token of a deployment with collectors and relays is in nothing that they show or keep."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest
import yaml
from agent_process import StandInProcess, write_token
from collector_process import CollectorProcess
from compose_deployment import free_port, wait_for
from forwarder_process import ForwarderProcess, fetch
from helm_charts import CHART, one, template
from jaeger_client.thrift_gen.jaeger.ttypes import Tag, TagType
from otlp_spans import EXPORT, build_export
from thrift_spans import build_span, datagram

from sidecar.plan.collector_configuration import configuration
from sidecar.plan.collector_sizes import Buffer, tune
from sidecar.secrecy import child_environment
from sidecar.spec import Capacity
from sidecar.verify.network.reader import agent_counts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PART = "c0ffee0ddba11b0b0b0b"
TOKEN = f"secrecy1@f00dfeedcafe_secrecy1@{PART}"
SPANS = 200
SIZES = Buffer(outage_s=60, queue_spans=10_000, disk_mib=12, consumers=4)
DEBUG = "--set=service.telemetry.logs.level=debug"
CHUNK = 2**20
READABLE, UNREADABLE = "r", ("[vvar", "[vsyscall")


@pytest.fixture
def stack():
    """What ends with the test."""
    with ExitStack() as found:
        yield found


def collector_to(port):
    """Return a service's collector as rendered, which sends to a port."""
    return configuration(f"127.0.0.1:{port}", tune(Capacity()), SIZES)


def relay_to(port):
    """Return a relay's configuration as the chart renders it, which sends to a port."""
    objects = template(CHART, "-f", CHART / "ci" / "relay-values.yaml")
    text = one(objects, "ConfigMap", "demo-relay")["data"]["config.yaml"]
    return yaml.safe_load(text.replace("demo-forwarder:14317", f"127.0.0.1:{port}"))


def start(stack, binary, folder, rendered):
    """Start a collector in a folder of its own, with all that its log can say."""
    folder.mkdir()
    return CollectorProcess(stack, binary, folder, {}, DEBUG, rendered=rendered)


def export(collector, request):
    """Send spans to a collector by OTLP."""
    with grpc.insecure_channel(f"127.0.0.1:{collector.otlp}") as channel:
        channel.unary_unary(EXPORT)(request.SerializeToString(), timeout=30)


def printed(binary, collector):
    """Return what `print-config` prints of a collector's configuration, each way."""
    ways = ("--mode=redacted", "--mode=unredacted")
    argv = [binary, "print-config", f"--config={collector.file}"]
    done = [
        subprocess.run([*argv, way], capture_output=True, text=True, env=child_environment())
        for way in ways
    ]
    assert all("sending_queue" in each.stdout for each in done), done
    return [each.stdout for each in done]


def shows(binary, collector):
    """Return all that a collector shows or keeps: name → text or bytes."""
    process = Path(f"/proc/{collector.process.pid}")
    folder = collector.file.parent
    return {
        "cmdline": (process / "cmdline").read_bytes(),
        "environ": (process / "environ").read_bytes(),
        "metrics": fetch(f"http://127.0.0.1:{collector.metrics}/metrics"),
        **{f"print-config {n}": text for n, text in enumerate(printed(binary, collector))},
        **{path.name: path.read_bytes() for path in folder.iterdir()},
    }


def holding(surfaces):
    """Return the names of the surfaces that hold the token, or its last part."""
    texts = {
        name: each.encode() if isinstance(each, str) else each for name, each in surfaces.items()
    }
    return [name for name, text in texts.items() if PART.encode() in text]


def remembers(process):
    """Tell whether a process has the token anywhere in its memory; skips where none may look."""
    pid = process.pid
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            return any(PART.encode() in part for part in parts_of(pid, memory))
    except PermissionError as error:
        pytest.skip(f"the memory of a child cannot be read here: {error}")


def parts_of(pid, memory):
    """Yield the readable parts of a process's memory, each with the beginning of the next."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, rights, *rest = line.split()
        if rights.startswith(READABLE) and not rest[-1].startswith(UNREADABLE):
            begin, end = (int(each, 16) for each in span.split("-"))
            for place in range(begin, end, CHUNK):
                with suppress(OSError, ValueError):  # not backed by anything
                    memory.seek(place)
                    yield memory.read(min(CHUNK + len(PART), end - place))


def test_the_token_is_in_no_collector_and_no_relay(stack, collector_binary, tmp_path):
    """Neither in what they show, with a log that says all, nor in their memory.

    So an extension, such as zpages or pprof, has nothing to show. Only the forwarder has the token,
    and does not show it.
    """
    stand_in = StandInProcess(stack, write_token(tmp_path / "agent.yaml", TOKEN))
    forwarder = ForwarderProcess(stack, tmp_path, stand_in.grpc)
    forwarder.set(TOKEN)
    relay = start(stack, collector_binary, tmp_path / "relay", relay_to(forwarder.port))
    collector = start(stack, collector_binary, tmp_path / "collector", collector_to(relay.otlp))

    export(collector, build_export(SPANS, marker="m"))
    arrived = wait_for(lambda: stand_in.marked("m").distinct, lambda found: found >= SPANS, 60)
    surfaces = [shows(collector_binary, each) for each in (collector, relay)]
    own = [
        fetch(f"http://127.0.0.1:{forwarder.state_port}/{path}") for path in ("metrics", "state")
    ]
    process = Path(f"/proc/{forwarder.process.pid}")
    own += [(process / name).read_text() for name in ("cmdline", "environ")]

    assert SPANS == arrived
    assert "debug" in surfaces[0]["collector.log"].decode()
    assert [[], []] == [holding(each) for each in surfaces]
    assert [] == holding(dict(enumerate([*own, forwarder.log.read_text()])))
    memory = {
        "collector": collector.process,
        "relay": relay.process,
        "forwarder": forwarder.process,
    }
    assert ["forwarder"] == [name for name, each in memory.items() if remembers(each)]


def test_the_tag_of_an_old_agent_is_deleted_before_the_queue(stack, collector_binary, tmp_path):
    """A service may still set it, by Jaeger's packets or OTLP: neither disk nor log has it."""
    collector = start(stack, collector_binary, tmp_path / "collector", collector_to(free_port()))
    tag = Tag("Authentication", TagType.STRING, vStr=TOKEN)
    packet = datagram(build_span(1, operationName="GET /by-packet"), tags=[tag])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(packet, ("127.0.0.1", collector.port))
    export(collector, build_export(resource={"Authentication": TOKEN}, name="GET /by-otlp"))

    def waits():
        text = fetch(f"http://127.0.0.1:{collector.metrics}/metrics")
        return agent_counts(text, ()).packets_processed

    taken = wait_for(waits, lambda found: found >= 2)
    queued = (tmp_path / "collector" / "exporter_otlp_grpc__traces").read_bytes()

    assert 2 == taken
    assert (True, True) == (b"GET /by-packet" in queued, b"GET /by-otlp" in queued)
    assert [] == holding(shows(collector_binary, collector))
