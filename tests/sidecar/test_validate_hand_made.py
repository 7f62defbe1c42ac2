"""Findings about hand-made agents and their clients, each with a small Compose file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROOF = "ok 9 agent: reports to cn-hangzhou (public host) []"
GATEWAY = "tracing-analysis-dc-hz.aliyuncs.com:1883"
FINE = f"""
services:
  web:
    image: web:1
    environment: {{JAEGER_AGENT_HOST: agent}}
  agent:
    image: jaegertracing/jaeger-agent:1.62.0
    command:
      - --reporter.grpc.host-port={GATEWAY}
      - --config-file=/etc/agent.yaml
      - --processor.jaeger-compact.workers=64
    restart: always
    mem_limit: 192m
"""


@pytest.fixture
def findings(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what validate finds in a Compose text, as SEVERITY LINE SUBJECT: CAUSE [ID]."""
    monkeypatch.chdir(tmp_path)

    def report(text: str) -> list[str]:
        Path("c.yml").write_text(text)
        result = run("validate", "c.yml", "--output", "json")
        assert 0 == result.code, result.err
        return [
            f"{finding['severity']} {finding['place'].partition(':')[2]} {finding['subject']}: "
            f"{finding['cause']} [{finding.get('id', '')}]"
            for finding in json.loads(result.out)["findings"]
        ]

    return report


def test_an_agent_set_up_well_gets_no_warning(findings) -> None:
    """A version, a config file for the token, workers, a restart policy, a limit: only a proof."""
    assert [PROOF] == findings(FINE)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            ":1.62.0",
            "",
            "warning 7 agent: has no tag, which means latest",
        ),
        (
            ":1.62.0",
            ":latest",
            "warning 7 agent: has the floating tag latest",
        ),
        (
            "restart: always",
            "restart: 'no'",
            "warning 12 agent: no restart policy: after a crash or a reboot",
        ),
        ("mem_limit: 192m", "", "warning 7 agent: no memory limit"),
        (
            "workers=64",
            "workers=8",
            "warning 11 agent: 8 workers forward 400 spans/s at 200 ms: of 2,000 spans/s, 80%",
        ),
        ("--config-file=/etc/agent.yaml", "--log-level=debug", "warning 9 agent: sends no token"),
        (
            "    restart: always",
            "    restart: always\n    network_mode: host",
            "warning 13 agent: network_mode host: 5775",
        ),
        (
            "    restart: always",
            "    restart: always\n    ports: ['127.0.0.1:14271:14271']",
            "warning 13 agent: 14271 published on the host",
        ),
        (
            ":1883",
            ":8090",
            "warning 9 agent: reports to port 8090; the gateway accepts gRPC on 1883",
        ),
        (":1883", "", "warning 9 agent: reports to port (none); the gateway accepts gRPC on 1883"),
        (
            GATEWAY,
            "jaeger-collector:14250",
            "warning 9 agent: its gateway jaeger-collector is not in the catalogue",
        ),
        (
            GATEWAY,
            "${GATEWAY}",
            "warning 9 agent: its gateway is ${GATEWAY}, and $GATEWAY has no default",
        ),
    ],
)
def test_each_mistake_of_an_agent_is_found_at_its_line(
    findings, before: str, after: str, expected: str
) -> None:
    """One change of an agent that was set up well, and its finding."""
    found = findings(FINE.replace(before, after))

    assert [line for line in found if line.startswith(expected)], found


@pytest.mark.parametrize(
    ("other", "named"), [("--config-file=/etc/agent.yaml", False), ("--log-level=debug", True)]
)
def test_an_agent_without_a_gateway_is_found(findings, other: str, named: bool) -> None:
    """Unless its config file may name one."""
    text = FINE.replace(f"--reporter.grpc.host-port={GATEWAY}", "--log-level=debug")
    found = findings(text.replace("--config-file=/etc/agent.yaml", other))

    assert named == (
        "warning 7 agent: names no gateway: spans end in this agent [agent-without-gateway]"
        in found
    )


@pytest.mark.parametrize(
    ("version", "flag", "causes"),
    [
        ("1.15.1", "agent.tags", ["added in 1.16"]),
        ("1.16.0", "agent.tags", []),
        ("1.21.0", "jaeger.tags", []),
        ("1.22.0", "jaeger.tags", ["removed in 1.22"]),
        ("v1.21", "admin-http-port", []),
        ("1.22", "admin-http-port", ["removed in 1.22"]),
        ("1.17.1", "collector.host-port", ["uses TChannel"]),
        ("1.18.0", "collector.host-port", ["removed in 1.18"]),
        (
            "1.18.1",
            "processor.jaeger-compact.server-socket-buffer-size",
            ["added in 1.19"],
        ),
        ("next", "jaeger.tags", []),
    ],
)
def test_a_flag_of_another_version_is_found(
    findings, version: str, flag: str, causes: list[str]
) -> None:
    """By the table that was read from the agent's own --help."""
    text = FINE.replace("1.62.0", version).replace("--config-file=/etc/agent.yaml", f"--{flag}=a=b")
    found = [line for line in findings(text) if f"--{flag}" in line]

    assert len(causes) == len(found)
    assert all(cause in line for cause, line in zip(causes, found, strict=True))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            "JAEGER_AGENT_HOST: nowhere",
            "web: JAEGER_AGENT_HOST=nowhere names no service of the file",
        ),
        ("JAEGER_AGENT_HOST: 10.0.0.7", "web: JAEGER_AGENT_HOST=10.0.0.7 is outside this file"),
        (
            "JAEGER_AGENT_HOST: agent.example.com",
            "web: JAEGER_AGENT_HOST=agent.example.com is outside this file",
        ),
        (
            "JAEGER_AGENT_HOST: localhost",
            "web: JAEGER_AGENT_HOST=localhost is the container itself",
        ),
        ("JAEGER_SAMPLER_PARAM: 0", "web: the sampler const 0 keeps no trace"),
        (
            "JAEGER_SAMPLER_TYPE: ratelimiting, JAEGER_SAMPLER_PARAM: 2",
            "web: the sampler ratelimiting 2 keeps at most 2 traces per second",
        ),
        (
            "JAEGER_SAMPLER_TYPE: remote",
            "web: the sampler remote 1 lets the gateway decide",
        ),
        (
            "JAEGER_RPC_METRICS: b3",
            "web: neither jaeger-client for Python nor sidecar_tracing reads JAEGER_RPC_METRICS",
        ),
        (
            "JAEGER_SERVICE_NAME: shop",
            "web: jaeger-client for Python does not read JAEGER_SERVICE_NAME",
        ),
        (
            "JAEGER_AGENT_HOST: agent, TRACING_TOKEN: canary",
            "web: the token is in the environment (TRACING_TOKEN)",
        ),
    ],
)
def test_each_mistake_of_a_client_is_found(findings, environment: str, expected: str) -> None:
    """Unknown hosts, samplers that hide traces, variables without an effect, a token."""
    found = findings(FINE.replace("JAEGER_AGENT_HOST: agent", environment))

    assert [line for line in found if expected in line], found


@pytest.mark.parametrize(
    "environment",
    [
        "JAEGER_AGENT_HOST: agent",
        "JAEGER_AGENT_HOST: tracer",
        "JAEGER_AGENT_HOST: '', JAEGER_TRACEID_128BIT: true",
    ],
)
def test_a_client_set_up_well_gets_no_warning(findings, environment: str) -> None:
    """A service of the file, one of its aliases, variables that the client reads."""
    text = FINE.replace("JAEGER_AGENT_HOST: agent", environment)
    text = text.replace(
        "    restart: always", "    restart: always\n    networks: {default: {aliases: [tracer]}}"
    )

    assert [PROOF] == findings(text)


def test_one_line_of_an_anchor_is_one_finding(findings) -> None:
    """One finding for a line that several services share, with all their names."""
    shared = "{image: 'web:1', environment: {JAEGER_AGENT_HOST: nowhere}}"
    found = findings(f"services:\n  a: &a {shared}\n  b: *a\n  c:\n    <<: *a\n")

    assert (
        "warning 2 a, b, c: JAEGER_AGENT_HOST=nowhere names no service of the file "
        "[agent-host-unknown]" in found
    )


def test_the_loss_counts_every_container_that_reports(findings) -> None:
    """An agent that several replicas share gets the spans of all of them."""
    found = findings(FINE.replace("image: web:1", "image: web:1\n    scale: 4"))

    assert "of 8,000 spans/s from 4 containers, 60% are lost" in " ".join(found)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ("--agent.tags=Authentication=$${TOKEN}", "TOKEN: canary-1"),
        ("--log-level=info", "AGENT_TAGS: Authentication=canary-1"),
    ],
)
def test_a_token_in_an_agents_environment_is_no_argument(
    findings, arguments: str, environment: str
) -> None:
    """If the agent itself expands the variable, the token is only in its environment."""
    text = FINE.replace("--config-file=/etc/agent.yaml", arguments)
    found = findings(
        text.replace(
            "    restart: always", f"    restart: always\n    environment: {{{environment}}}"
        )
    )

    assert [line for line in found if "the token is in the environment" in line]
    assert not [line for line in found if "the token is an argument" in line]


@pytest.mark.parametrize(
    "command",
    [
        "[--agent.tags, Authentication=canary-1]",
        "--agent.tags Authentication=canary-1",
        "'--agent.tags=team=shop,Authentication=canary-1'",
        "--agent.tags=Authentication=${TOKEN:-canary-1}",
        "--agent.tags=canary-1",
        "sh -c 'exec /go/bin/agent-linux --agent.tags=\"Authentication=canary-1\"'",
    ],
)
def test_a_token_in_arguments_is_found_in_every_form(findings, command: str) -> None:
    """As one word or two, among tags, as a default, without its name, in a shell script."""
    found = findings(
        "services:\n  web: {image: web, depends_on: [a]}\n"
        f"  a:\n    image: jaeger-agent\n    command: {command}\n"
    )

    assert [line for line in found if line.startswith("warning 5 a: the token is an argument")], (
        found
    )
    assert "canary" not in " ".join(found)


@pytest.mark.parametrize(
    ("variable", "is_fine"),
    [
        ("TRACING_AUTH_ENABLED: 'true'", True),
        ("TRACING_TOKEN_FILE: /run/secrets/token", True),
        ("TRACING_TOKEN: canary-123456", False),
    ],
)
def test_a_switch_or_a_path_is_not_a_token(findings, variable: str, is_fine: bool) -> None:
    """Although its name is that of a token; nor is an equal value."""
    text = FINE.replace(
        "JAEGER_AGENT_HOST: agent", f"JAEGER_AGENT_HOST: agent, DEBUG: 'true', {variable}"
    )
    found = findings(text)

    assert is_fine != any("the token is in the environment" in line for line in found)


@pytest.mark.parametrize(
    ("variable", "is_found"),
    [
        ("DB_PASSWORD: x", True),
        ("URL: 'postgres://u:p@db/x'", True),
        ("AUTHOR: Ada", False),
        ("URL: 'redis://redis:6379/0'", False),
        ("API_KEY: ''", False),
    ],
)
def test_a_secret_in_clear_text_is_found(findings, variable: str, is_found: bool) -> None:
    """By its name, or as the password in an address; its value is not shown."""
    found = findings(
        FINE.replace("JAEGER_AGENT_HOST: agent", f"JAEGER_AGENT_HOST: agent, {variable}")
    )

    assert is_found == any(f"{variable.partition(':')[0]}: in clear text" in line for line in found)
