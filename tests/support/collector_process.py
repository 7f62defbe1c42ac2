"""The real collector as a process on loopback: UDP from a client, OTLP to stand-ins."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from _require import lack
from agent_process import free_udp_port
from compose_deployment import free_port, wait_for
from programs import find_program

from sidecar.engine.images import BuildRequest, silent
from sidecar.images.inputs import context_tar
from sidecar.plan.collector_configuration import QUEUE_FOLDER
from sidecar.secrecy import child_environment

PACKED = "sidecar-kit/e2e-collector:latest"

OLD_HTTP_NAMES = (
    "--feature-gates=-pkg.translator.jaeger.EmitV1HttpConventions,"
    "-pkg.translator.jaeger.DontEmitV0HttpConventions"
)


def refused(text, folder):
    """Return what a collector says against a configuration; empty where it accepts it.

    Its folders are those of this test; its token is in `token`.
    """
    program = find_program("otelcol") or lack("collector", "otelcol is not on PATH")
    (folder / "token").write_text("name@hash")
    path = folder / "config.yaml"
    path.write_text(re.sub("/run/secrets/sidecar|/var/lib/otelcol", str(folder), text))
    quiet = "--set=service.telemetry.logs.level=error"
    argv = [program, "validate", f"--config={path}", quiet]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=child_environment()
    )
    return f"exit {done.returncode}: {done.stderr}" if done.returncode else done.stderr


class CollectorProcess:
    """A collector without a queue on disk: it only translates, and passes on."""

    def __init__(self, stack, binary, folder, exporters, *options, rendered=None):
        """Start it; `rendered` is a configuration of the kit, of which only the ports change."""
        self.port, self.otlp, self.metrics = free_udp_port(), free_port(), free_port()
        self.otlp_http = free_port()
        self.file, self._log = folder / "collector.json", folder / "collector.log"
        made = self._placed(rendered, folder) if rendered else self._configuration(exporters)
        self.file.write_text(json.dumps(made))
        output = stack.enter_context(self._log.open("wb"))
        argv = [binary, f"--config={self.file}", *options]
        self.process = stack.enter_context(
            subprocess.Popen(argv, stdout=output, stderr=output, env=child_environment())
        )
        stack.callback(self.process.kill)
        ready = wait_for(lambda: self.log, lambda log: "Everything is ready" in log)
        assert "Everything is ready" in ready, ready[-2000:]

    def _configuration(self, exporters):
        jaeger = {"thrift_compact": {"endpoint": f"127.0.0.1:{self.port}"}}
        ports = {"grpc": self.otlp, "http": self.otlp_http}
        otlp = {name: {"endpoint": f"127.0.0.1:{port}"} for name, port in ports.items()}
        receivers = {"jaeger": {"protocols": jaeger}, "otlp": {"protocols": otlp}}
        traces = {"receivers": list(receivers), "exporters": list(exporters)}
        return {
            "receivers": receivers,
            "exporters": exporters,
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": traces},
            },
        }

    def _placed(self, rendered, folder):
        """Return a rendered configuration on free ports, with its queue in a folder."""
        text = json.dumps(rendered).replace(QUEUE_FOLDER, str(folder))
        made = json.loads(text)
        if jaeger := made["receivers"].get("jaeger"):  # a relay has none
            jaeger["protocols"]["thrift_compact"]["endpoint"] = f"127.0.0.1:{self.port}"
        otlp = made["receivers"]["otlp"]["protocols"]
        otlp["grpc"]["endpoint"] = f"127.0.0.1:{self.otlp}"
        otlp.pop("http", None)
        made["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{free_port()}"
        (reader,) = made["service"]["telemetry"]["metrics"]["readers"]
        reader["pull"]["exporter"]["prometheus"] = {"host": "127.0.0.1", "port": self.metrics}
        return made

    @property
    def log(self):
        """What the collector wrote."""
        return self._log.read_text()


def grpc_exporter(address, token_file):
    """Return the exporter to a gateway's gRPC port."""
    headers = {"Authentication": f"${{file:{token_file}}}"}
    return {"endpoint": address, "tls": {"insecure": True}, "headers": headers}


def http_exporter(page, token_file):
    """Return the exporter to a gateway's HTTP port; its logs hold the path, hence the token."""
    return {"traces_endpoint": f"{page}/adapt_${{file:{token_file}}}/api/otlp/traces"}


def pack(engine, program):
    """Make an image of a static program, laid out as the official one; return its name."""
    path = Path(program)
    lines = (
        "FROM scratch",
        f"COPY {path.name} /otelcol-k8s",
        "USER 10001:10001",
        'ENTRYPOINT ["/otelcol-k8s"]',
    )
    dockerfile = "\n".join(lines).encode()
    with context_tar(path.parent, (path.name,), {"Dockerfile": dockerfile}) as context:
        engine.images.build(BuildRequest(PACKED, context), silent)
    return PACKED
