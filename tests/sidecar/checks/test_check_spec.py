"""What a valid spec says that will disappoint: one warning each, at the line that says it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from sidecar.checks.spec import check_spec
from sidecar.commands import _spec
from sidecar.findings import Severity
from sidecar.regions import load_regions
from sidecar.spec.load import load

SERVICE = """\
region: cn-shanghai
services:
  - name: web
    image: web:1.0
    port: 8000
"""
ADAPT = "http://gw.example.com/adapt_canary/api/traces"


@pytest.fixture
def warnings(tmp_path, monkeypatch):
    """Return the warnings of a spec's text as (id, line, subject, cause)."""
    monkeypatch.chdir(tmp_path)

    def find(text: str) -> list[tuple[str, int, str, str]]:
        Path("sidecar.yaml").write_text(text)
        loaded, regions = load([Path("sidecar.yaml")]), load_regions(None)
        plan, _ = _spec.plan_of(loaded, regions, None)
        found = check_spec(loaded, plan, regions[plan.region])
        assert all(finding.severity is Severity.WARNING and finding.fix for finding in found)
        assert all(finding.place.startswith("sidecar.yaml:") for finding in found)
        return [
            (finding.id, int(finding.place.partition(":")[2]), finding.subject, finding.cause)
            for finding in found
        ]

    return find


def service(lines: str) -> str:
    """Return a spec with more lines for its one service."""
    return SERVICE + textwrap.indent(textwrap.dedent(lines), "    ")


@pytest.mark.parametrize("text", ["region: cn-shanghai\n", "region: local\n", SERVICE])
def test_a_plain_spec_has_no_warning(warnings, text: str) -> None:
    """The defaults are what the kit stands for."""
    assert [] == warnings(text)


@pytest.mark.parametrize(
    ("lines", "line", "rule"),
    [
        ("sampling: {type: const, param: 0}\n", 6, "sampler-hides-traces"),
        ("sampling:\n  type: probabilistic\n  param: 0.001\n", 8, "sampler-hides-traces"),
        ("sampling:\n  type: ratelimiting\n  param: 0.5\n", 8, "sampler-hides-traces"),
        ("sampling: {type: remote, param: 1}\n", 6, "sampler-hides-traces"),
        ("environment:\n  JAEGER_SAMPLER_PARAM: '0'\n", 7, "sampler-hides-traces"),
        ("environment:\n  JAEGER_SAMPLER_PARAM: none\n", 7, "unknown-sampler"),
        (
            """\
            sampling: {type: const, param: 1}
            environment:
              JAEGER_SAMPLER_TYPE: ratelimiting
            """,
            8,
            "sampler-hides-traces",
        ),
    ],
)
def test_a_sampler_that_hides_traces(warnings, lines: str, line: int, rule: str) -> None:
    """From the field or the variable that overrides it."""
    assert (rule, line, "services.web.sampling") == warnings(service(lines))[0][:3]


@pytest.mark.parametrize("param", ["1", "1.0"])
def test_a_sampler_that_hides_nothing(warnings, param: str) -> None:
    """Every trace is reported."""
    assert [] == warnings(service(f"sampling: {{type: probabilistic, param: {param}}}\n"))


def test_floating_images_are_found(warnings) -> None:
    """The service's and the agent's."""
    agent = "agent: {image: 'registry.example.com/agent:latest'}\n"
    again = "two machines may run different programs"

    assert [
        ("floating-image-tag", 6, "agent.image", f"has the floating tag latest: {again}"),
        (
            "floating-image-tag",
            4,
            "services.web.image",
            f"has no tag, which means latest: {again}",
        ),
    ] == warnings(SERVICE.replace("web:1.0", "web") + agent)


def test_an_agent_image_of_another_version(warnings) -> None:
    """Flags follow agent.version, which must be the image's."""
    cause = "is of version 1.60.0, and the flags are those of agent.version 1.62.0"

    assert [("agent-image-of-another-version", 2, "agent.image", cause)] == warnings(
        "region: cn-shanghai\nagent: {image: 'registry.example.com/jaeger-agent:1.60.0'}\n"
    )
    assert [] == warnings(
        "region: cn-shanghai\nagent: {image: 'a/jaeger-agent:1.60.0', version: '1.60.0'}\n"
    )


def test_a_private_host_answers_inside_its_network(warnings) -> None:
    """Whether the agents are there cannot be seen; a host of one's own is one's own business."""
    host = "tracing-analysis-dc-sh-internal.aliyuncs.com"
    cause = f"{host} answers only inside the VPC of cn-shanghai"

    assert [("vpc-gateway", 2, "gateway.network", cause)] == warnings(
        "region: cn-shanghai\ngateway: {network: vpc}\n"
    )
    assert [] == warnings(
        "region: cn-shanghai\n"
        "gateway: {network: vpc, host: gw.example.com, allow: [gw.example.com]}\n"
    )


def test_a_doubtful_host(warnings) -> None:
    """The catalogue's mark, with the line that chose the network."""
    cause = "us-west-1: one vendor table lists no VPC host for this region"

    assert [("doubtful-region", 2, "gateway.network", cause)] == warnings(
        "region: us-west-1\ngateway: {network: vpc}\n"
    )


def test_replicas_with_a_published_port(warnings) -> None:
    """Each takes one of the host's, and nothing balances them."""
    cause = "its 3 replicas take the host's ports 8000 to 8002, one each"

    assert [("replicas-publish-ports", 7, "services.web.publish", cause)] == warnings(
        service("replicas: 3\npublish: 8000\n")
    )
    assert [] == warnings(service("replicas: 3\n"))


def test_a_rate_above_what_an_agent_forwards(warnings) -> None:
    """All replicas count, and the cause names the share that would be lost."""
    cause = (
        "100,000 spans/s is above the 50,000 that its agent forwards at 200 ms in stock batches; "
        "about 50% would be lost"
    )
    text = service("replicas: 2\n") + "capacity:\n  spans_per_second: 50000\n"

    assert [("capacity-above-ceiling", 8, "services.web", cause)] == warnings(text)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("JAEGER_AGENT_HOST", "elsewhere", "agent-address-overridden"),
        ("JAEGER_AGENT_PORT", "'6832'", "agent-address-overridden"),
        ("JAEGER_TAGS", "a=b=c", "unreadable-jaeger-tags"),
        ("JAEGER_RPC_METRICS", "expvar", "unread-jaeger-variable"),
        ("DB_PASSWORD", "hunter2", "secret-in-clear"),
        ("X", "Authentication=canary", "token-in-environment"),
        ("X", "canary@0_canary@1", "token-in-environment"),
        ("X", ADAPT, "token-in-environment"),
    ],
)
def test_a_variable_that_defeats_tracing_or_shows_a_secret(
    warnings, name: str, value: str, rule: str
) -> None:
    """Each at its own line, and without its value."""
    ((found, line, subject, cause),) = warnings(service(f"environment:\n  {name}: {value}\n"))

    assert (rule, 7, f"services.web.environment.{name}") == (found, line, subject)
    assert value not in cause


def test_variables_of_one_problem_are_one_warning(warnings) -> None:
    """About the section, at the line of the first."""
    text = service("environment:\n  PLAIN: a\n  DB_PASSWORD: hunter2\n  API_SECRET: hunter3\n")

    assert [
        (
            "secret-in-clear",
            8,
            "services.web.environment",
            "DB_PASSWORD, API_SECRET: in clear text",
        )
    ] == warnings(text)


@pytest.mark.parametrize(
    ("lines", "line", "field", "rule"),
    [
        (f"command:\n  - serve\n  - '{ADAPT}'\n", 7, "command", "token-in-arguments"),
        (f"health: {{command: [check, '{ADAPT}']}}\n", 6, "health.command", "token-in-arguments"),
        ("volumes: [/a@b@c:/data]\n", 6, "volumes", "token-in-field"),
        (
            "build: {context: https://git.example.com/w.git, args: {X: a@b_a@c}}\n",
            6,
            "build.args.X",
            "token-in-field",
        ),
        (
            "build:\n  context: https://git.example.com/w.git\n  args:\n    API_SECRET: hunter2\n",
            9,
            "build.args.API_SECRET",
            "secret-in-clear",
        ),
    ],
)
def test_a_token_anywhere_else_is_found(
    warnings, lines: str, line: int, field: str, rule: str
) -> None:
    """Whatever a spec says is written to files and shown in plans."""
    text = service(lines)
    text = text.replace("    image: web:1.0\n", "") if "build" in lines else text
    line -= "build" in lines

    assert (rule, line, f"services.web.{field}") in [found[:3] for found in warnings(text)]


def test_variables_that_do_no_harm(warnings) -> None:
    """Well-formed tags, an e-mail address."""
    text = service("environment: {JAEGER_TAGS: 'a=b,c=d', MAIL: ada@example.com}\n")

    assert [] == warnings(text)


@pytest.mark.parametrize(
    ("lines", "field", "line", "rule"),
    [
        ("volumes: [./config.toml:/etc/web.toml]\n", "volumes", 6, "missing-volume-source"),
        ("env_files:\n  - web.env\n", "env_files", 7, "missing-env-file"),
        ("build: {context: ./gone}\n", "build.context", 6, "missing-build-context"),
        ("build:\n  context: gone\n", "build.context", 7, "missing-build-context"),
        ("build: {context: ./app}\n", "build.context", 6, "missing-dockerfile"),
        (
            "build:\n  context: app\n  dockerfile: Other\n",
            "build.dockerfile",
            8,
            "missing-dockerfile",
        ),
    ],
)
def test_a_path_that_does_not_exist_is_found(
    warnings, lines: str, field: str, line: int, rule: str
) -> None:
    """Before `up` stops at it, or creates a folder of root's in a missing file's place."""
    Path("app").mkdir()
    text = service(lines)
    text = text.replace("    image: web:1.0\n", "    replicas: 1\n") if "build" in lines else text
    (found,) = warnings(text)

    assert (rule, line, f"services.web.{field}") == found[:3]


def test_what_exists_or_is_elsewhere_is_not_missing(warnings) -> None:
    """Files, folders, named volumes, and an address that only the builder can ask."""
    Path("app").mkdir()
    for name in ("app/Dockerfile", "app/Other", "web.env", "c.toml"):
        Path(name).touch()
    lines = (
        "env_files: [web.env]\nvolumes: [./c.toml:/c, ./app:/app, data:/data, /etc:/host]\nbuild: "
    )
    plain = SERVICE.replace("    image: web:1.0\n", "")

    for build in (
        "./app",
        "app, dockerfile: Other",
        "https://git.example.com/web.git",
        "git@example.com:web",
    ):
        assert [] == warnings(plain + textwrap.indent(f"{lines}{{context: {build}}}\n", "    "))


CRON = 'region: cn-shanghai\nservices:\n  - name: report\n    image: "report:1.0"\n    kind: cron\n'


@pytest.mark.parametrize("zone", ["Asia/Beijing", "Europa/Berlin"])
def test_a_time_zone_that_no_cluster_knows(warnings, monkeypatch, zone: str) -> None:
    """A cluster would refuse the CronJob; a machine without a database of zones says nothing."""
    known = {"Asia/Shanghai", "Asia/Brunei", "Europe/Berlin"}
    text = f'{CRON}    job: {{schedule: "@daily", time_zone: %s}}\n'
    monkeypatch.setattr("sidecar.checks.spec.available_timezones", lambda: known)

    assert [
        (
            "unknown-time-zone",
            6,
            "services.report.job.time_zone",
            f"{zone} is not a time zone of this machine",
        )
    ] == warnings(text % zone)
    assert [] == warnings(text % "Asia/Shanghai")
    assert [] == warnings(text.replace(", time_zone: %s", ""))
    monkeypatch.setattr("sidecar.checks.spec.available_timezones", set)
    assert [] == warnings(text % zone)
