"""The real jaeger-agent and the stand-in as processes on loopback, each on its own ports."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

from compose_deployment import free_port, wait_for

from sidecar.secrecy import child_environment
from sidecar.verify.counts import client_counts
from sidecar.verify.network.reader import read_agent, read_gateway


def free_udp_port():
    """Return a UDP port of loopback that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_token(path, token):
    """Write an agent's config file with a token, and nothing else."""
    path.write_text(json.dumps({"agent": {"tags": f"Authentication={token}"}}))
    return path


def planned_argv(region="local"):
    """Return the arguments that the plan gives to an agent."""
    planned = subprocess.run(
        [sys.executable, "-m", "sidecar", "plan", "--region", region, "--output", "json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(planned.stdout)["services"][0]["agent"]["argv"]


class StandInProcess:
    """`sidecar gateway` on free ports."""

    def __init__(self, stack, token_file, *options):
        command = [sys.executable, "-m", "sidecar", "gateway", f"--token-file={token_file}"]
        command += ["--grpc=127.0.0.1:0", "--http=127.0.0.1:0", "--output=json", *options]
        self.process = stack.enter_context(_process(command, stdout=subprocess.PIPE))
        addresses = json.loads(self.process.stdout.readline())
        self.grpc, self.page = addresses["grpc"], f"http://{addresses['http']}"

    def set_faults(self, **faults):
        """Change how calls are answered from now on."""
        body = json.dumps(faults).encode()
        request = urllib.request.Request(
            f"{self.page}/api/faults", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

    def marked(self, marker):
        """Return the counts of a marker."""
        return read_gateway(self.page, marker)


class AgentProcess:
    """A real agent with the plan's arguments, except for addresses and the token's file."""

    def __init__(self, stack, binary, log, token_file, gateway):
        self.port, self.admin = free_udp_port(), free_port()
        self.argv = [self._here(argument, token_file, gateway) for argument in planned_argv()]
        self._log = log
        output = stack.enter_context(log.open("wb"))
        self.process = stack.enter_context(
            _process([binary, *self.argv], stdout=output, stderr=output)
        )
        self._wait()

    def _here(self, argument, token_file, gateway):
        name, _, value = argument.partition("=")
        known = {
            "--config-file": str(token_file),
            "--reporter.grpc.host-port": gateway,
            "--admin.http.host-port": f"127.0.0.1:{self.admin}",
            "--processor.jaeger-compact.server-host-port": f"127.0.0.1:{self.port}",
        }
        other = f"127.0.0.1:{free_port()}" if re.search(r"host-port$", name) else value
        return f"{name}={known.get(name, other)}"

    def _wait(self):
        up = wait_for(self._answers, lambda up: up or self.process.poll() is not None)
        assert up, self.log[-2000:]

    def _answers(self):
        try:
            self.counts()
        except OSError:
            return False
        return True

    def counts(self):
        """Return the agent's counters and its socket's."""
        return read_agent(f"http://127.0.0.1:{self.admin}", self.port)

    @property
    def log(self):
        """What the agent wrote."""
        return self._log.read_text()

    def send(self, spans, marker):
        """Send marked spans as a service does, and return the client's counts."""
        options = [
            "--service=web",
            f"--spans={spans}",
            f"--marker={marker}",
            f"--agent=127.0.0.1:{self.port}",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "sidecar_tracing.probe", *options],
            check=True,
            capture_output=True,
            text=True,
        )
        return client_counts(json.loads(done.stdout))


@contextmanager
def _process(argv, **options):
    """Start a program; at the block's end it is killed if it still runs."""
    with subprocess.Popen(argv, env=child_environment(), **options) as process:
        try:
            yield process
        finally:
            process.kill()
