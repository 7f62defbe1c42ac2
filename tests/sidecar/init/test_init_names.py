"""Names of Compose services as names of a spec."""

from __future__ import annotations

import pytest

from sidecar.existing.compose.records import ComposeService
from sidecar.init import proposal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", "web"),
        ("Web_App.2", "web-app-2"),
        ("-web-", "web"),
        ("2nd", "service-2nd"),
        ("x-ray", "service-x-ray"),
        ("поиск", "service"),
        ("a" * 80, "a" * 57),
    ],
)
def test_names_become_hosts_names(name: str, expected: str) -> None:
    """Lower-case letters, digits and -, a letter first, at most 57 characters."""
    assert expected == proposal.spec_name(name)


def test_names_do_not_clash() -> None:
    """Neither with each other nor with the agent of another."""
    services = [
        ComposeService(name, "c.yml:1") for name in ("web", "WEB", "web-agent", "gateway", "Web")
    ]
    given = [name for _, name in proposal.names(services, frozenset({"gateway"}))]

    assert ["web", "web-2", "web-agent-2", "gateway-2", "web-3"] == given
