"""A bad and a good value for each rule about hosts that only Compose resolves."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import service_hosts

EXAMPLES = {
    "chart-keeps-compose-host": example(
        service_hosts.kept,
        Call("http://web", {"web": [8000]}),
        Call("http://web.example.com", {"web": [8000]}),
    ),
}
