"""A bad and a good value for each rule about renderings and their folders."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar import yamlio
from sidecar.checks.deployment import as_finding
from sidecar.errors import SidecarError
from sidecar.rules import deployments


def _rendered(text: str) -> set[str]:
    try:
        yamlio.flow(text)
    except SidecarError as error:
        return {as_finding(error).id}
    return set()


EXAMPLES = {
    "folder-refused": example(deployments.folder, Call("is not a folder"), Call("")),
    "cannot-be-rendered": Example(
        lambda: _rendered("latin-\udce9/web"), lambda: _rendered("latin-\u00e9/web")
    ),
    "stale-rendering": example(deployments.freshness, Call(equal=False), Call(equal=True)),
    "compose-not-installed": example(
        deployments.compose_installed, Call("docker compose is not installed"), Call("")
    ),
    "folder-of-others": example(deployments.others, Call(["bin", "etc"]), Call([])),
    "compose-refuses-rendering": example(
        deployments.compose_config, Call("services.web.ports must be a list"), Call("")
    ),
}
