"""Arguments of the programs that run inside a pod."""

from __future__ import annotations

import pytest

from sidecar.verify.pod.deployment import PodDeployment, parser_of


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("http://10.0.0.7:14271", "http://10.0.0.7:14271"),
        ("http://fd00::7:14271", "http://[fd00::7]:14271"),
        ("http://[fd00::7]:14271", "http://[fd00::7]:14271"),
    ],
)
def test_a_pods_address_becomes_a_url(given: str, taken: str) -> None:
    """An IPv6 address of Kubernetes has no brackets."""
    args = parser_of("sidecar.verify.pod.proof", 20.0).parse_args(
        ["--service=web", f"--admin={given}"]
    )

    assert taken == args.admin


def test_the_agent_of_a_pod_is_in_the_pod() -> None:
    """Wherever the service is told to report."""
    found = PodDeployment("web", None, "192.0.2.9:6831").addresses("192.0.2.9")

    assert "127.0.0.1" in found
    assert "192.0.2.9" not in found
