"""What a machine may lack: a test that needs it is skipped, and says how to enable it.

REQUIRE=docker,kubernetes,agent,collector,browser names what must be there; where it is missing,
tests fail instead. Used by tests/conftest.py.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

ENABLE = {
    "docker": "start a Docker engine (20.10 or later) and install Compose v2",
    "kubernetes": "point KUBECONFIG at a cluster for tests, and install kubectl and helm",
    "agent": "put jaeger-agent 1.62.0 on PATH",
    "collector": "put otelcol 0.165.0, an OpenTelemetry Collector, on PATH",
    "promtool": "put Prometheus' promtool on PATH (Debian: apt-get install prometheus)",
    "docker-registry": "put a registry on PATH (Debian: apt-get install docker-registry)",
    "kube-score": "`make kube-lint` installs it",
    "checkov": "`make kube-lint` installs it",
    "browser": "install Chromium or Chrome; on Debian: apt-get install chromium",
}
"""What tests may need → how to get it."""

only_stacks = pytest.mark.stacks
"""What takes too long for `make test`; `make stacks` runs it."""


def required():
    """Return the names in REQUIRE. Raises pytest.UsageError for an unknown one."""
    named = {name.strip() for name in os.environ.get("REQUIRE", "").split(",")} - {""}
    unknown = sorted(named - ENABLE.keys())
    if unknown:
        raise pytest.UsageError(
            f"REQUIRE: unknown {', '.join(unknown)}; it takes {', '.join(ENABLE)}"
        )
    return named


def lack(name, why):
    """Skip the test with the way to enable it, or fail it if REQUIRE names what is missing."""
    text = f"needs {name}: {why}. To enable: {ENABLE[name]}"
    if name in required():
        pytest.fail(f"REQUIRE={name}, but {why}", pytrace=False)
    pytest.skip(text)


def pytest_configure(config):
    """Refuse an unknown name before anything runs."""
    required()


def pytest_terminal_summary(terminalreporter):
    """List what the machine lacks, the number of tests skipped for it, and how to enable them."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    lacking = {reason: count for reason, count in reasons.items() if reason.startswith("needs ")}
    if lacking:
        terminalreporter.section("skipped because this machine lacks")
    for reason, count in sorted(lacking.items()):
        terminalreporter.line(f"{count} tests: {reason}")
