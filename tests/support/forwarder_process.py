"""The forwarder as a process on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

from compose_deployment import free_port, wait_for

from sidecar.secrecy import child_environment


class ForwarderProcess:
    """`python -m sidecar.forwarder` on loopback."""

    def __init__(self, stack, folder, gateway):
        self.port, self.state_port = free_port(), free_port()
        self.token, self.log = folder / "token", folder / "forwarder.log"
        argv = [
            *(sys.executable, "-m", "sidecar.forwarder", "--host=127.0.0.1"),
            *(f"--gateway={gateway}", f"--token-file={self.token}"),
            *(f"--port={self.port}", f"--state-port={self.state_port}"),
        ]
        output = stack.enter_context(self.log.open("wb"))
        self.process = stack.enter_context(
            subprocess.Popen(argv, stdout=output, stderr=output, env=child_environment())
        )
        stack.callback(self.process.kill)
        assert "forwards to" in wait_for(self.log.read_text, lambda log: "forwards to" in log)

    def set(self, token):
        """Replace the token's file in one step, as `sidecar token` does."""
        new = self.token.with_name("new")
        new.write_text(token)
        new.replace(self.token)

    def state(self):
        """Return what verify asks for."""
        return json.loads(fetch(f"http://127.0.0.1:{self.state_port}/state"))


def fetch(url):
    """Return the text at a URL."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()
