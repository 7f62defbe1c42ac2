"""What a valid spec says that will disappoint: one warning each, at the line that said it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from sidecar.checks.spec import Doubts, floating_tag
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


@pytest.fixture
def doubts(tmp_path, monkeypatch):
    """Return the warnings of a spec's text as (place, subject, cause)."""
    monkeypatch.chdir(tmp_path)

    def find(text: str) -> list[tuple[str, str, str]]:
        Path("sidecar.yaml").write_text(text)
        loaded, regions = load([Path("sidecar.yaml")]), load_regions(None)
        plan, _ = _spec.plan_of(loaded, regions, None)
        found = Doubts(loaded, plan, regions[plan.region]).all()
        assert all(one.severity is Severity.WARNING and one.fix for one in found)
        return [(one.place, one.subject, one.cause) for one in found]

    return find


def service(lines: str) -> str:
    """Return a spec with more lines for its one service."""
    return SERVICE + textwrap.indent(textwrap.dedent(lines), "    ")


@pytest.mark.parametrize("text", ["region: cn-shanghai\n", "region: local\n", SERVICE])
def test_a_plain_spec_raises_no_doubt(doubts, text: str) -> None:
    """The defaults are what the kit stands for."""
    assert [] == doubts(text)


@pytest.mark.parametrize(
    ("lines", "place", "cause"),
    [
        ("sampling: {type: const, param: 0}\n", 6, "the sampler reports no trace at all"),
        (
            "sampling:\n  type: probabilistic\n  param: 0.001\n",
            8,
            "the sampler hides 99.9 % of all traces",
        ),
        (
            "sampling:\n  type: ratelimiting\n  param: 0.5\n",
            8,
            "the sampler reports at most 0.5 traces a second",
        ),
        (
            "sampling: {type: remote, param: 1}\n",
            6,
            "the sampler asks the gateway for its share, through the agent; unanswered, it may hide most traces",
        ),
        ("environment:\n  JAEGER_SAMPLER_PARAM: '0'\n", 7, "the sampler reports no trace at all"),
        ("environment:\n  JAEGER_SAMPLER_PARAM: none\n", 7, "the sampler reports no trace at all"),
        (
            "sampling: {type: const, param: 1}\nenvironment:\n  JAEGER_SAMPLER_TYPE: ratelimiting\n",
            8,
            "the sampler reports at most 1 traces a second",
        ),
    ],
)
def test_a_sampler_that_hides_traces(doubts, lines: str, place: int, cause: str) -> None:
    """From the field or the variable that overrides it."""
    said = f"{cause}: a trace that is not sampled looks like a lost one"

    assert [(f"sidecar.yaml:{place}", "services.web.sampling", said)] == doubts(service(lines))


@pytest.mark.parametrize("param", ["1", "1.0"])
def test_a_sampler_that_hides_nothing(doubts, param: str) -> None:
    """Every trace is reported."""
    assert [] == doubts(service(f"sampling: {{type: probabilistic, param: {param}}}\n"))


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("web", ""),
        ("registry.example.com:5000/web", ""),
        ("web:latest", "latest"),
        ("registry.example.com:5000/team/web:main", "main"),
        ("web:1.0", None),
        ("registry.example.com:5000/web:1.0", None),
        ("web@sha256:0123", None),
        ("web:latest@sha256:0123", None),
    ],
)
def test_a_floating_tag(image: str, tag: str | None) -> None:
    """A registry's port is no tag; a digest never moves."""
    assert tag == floating_tag(image)


def test_floating_images_are_told(doubts) -> None:
    """The service's and the agent's."""
    text = (
        SERVICE.replace("web:1.0", "web") + "agent: {image: 'registry.example.com/agent:latest'}\n"
    )
    again = "two machines may run two programs"

    assert [
        ("sidecar.yaml:6", "agent.image", f"has the floating tag latest: {again}"),
        ("sidecar.yaml:4", "services.web.image", f"has no tag, which means latest: {again}"),
    ] == doubts(text)


def test_an_agent_image_of_another_version(doubts) -> None:
    """Flags follow agent.version, which must be the image's."""
    cause = "is of 1.60.0, and the flags are those of agent.version 1.62.0"

    assert [("sidecar.yaml:2", "agent.image", cause)] == doubts(
        "region: cn-shanghai\nagent: {image: 'registry.example.com/jaeger-agent:1.60.0'}\n"
    )
    assert [] == doubts(
        "region: cn-shanghai\nagent: {image: 'a/jaeger-agent:1.60.0', version: '1.60.0'}\n"
    )


def test_a_private_host_answers_inside_its_network(doubts) -> None:
    """Whether the agents are there cannot be seen; a host of one's own is one's own business."""
    cause = (
        "tracing-analysis-dc-sh-internal.aliyuncs.com answers inside the VPC of cn-shanghai only"
    )

    assert [("sidecar.yaml:2", "gateway.network", cause)] == doubts(
        "region: cn-shanghai\ngateway: {network: vpc}\n"
    )
    own = "region: cn-shanghai\ngateway: {network: vpc, host: gw.example.com, allow: [gw.example.com]}\n"
    assert [] == doubts(own)


def test_a_doubtful_host(doubts) -> None:
    """The catalogue's mark, with the line that chose the network."""
    cause = "us-west-1: one vendor table lists no VPC host for this region"

    assert [("sidecar.yaml:2", "gateway.network", cause)] == doubts(
        "region: us-west-1\ngateway: {network: vpc}\n"
    )


def test_replicas_with_a_published_port(doubts) -> None:
    """Each takes one of the host's, and nothing balances them."""
    cause = "its 3 replicas take the host's ports 8000 to 8002, one each"

    assert [("sidecar.yaml:7", "services.web.publish", cause)] == doubts(
        service("replicas: 3\npublish: 8000\n")
    )
    assert [] == doubts(service("replicas: 3\n"))


def test_a_rate_above_what_an_agent_forwards(doubts) -> None:
    """All replicas count; the share that would be lost is said."""
    cause = (
        "web: 100,000 spans/s is above the 50,000 that its agent forwards at 200 ms in stock batches; "
        "about 50% would be lost"
    )

    text = service("replicas: 2\n") + "capacity:\n  spans_per_second: 50000\n"
    assert [("sidecar.yaml:8", "capacity", cause)] == doubts(text)


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("JAEGER_AGENT_HOST", "elsewhere", "leads away from the agent beside the service"),
        ("JAEGER_AGENT_PORT", "'6832'", "leads away from the agent beside the service"),
        (
            "JAEGER_TAGS",
            "a=b=c",
            "is not KEY=VALUE,KEY=VALUE: jaeger-client raises ValueError when its tracer is made",
        ),
        (
            "X",
            "Authentication=canary",
            "looks like a token, which anyone who may inspect the container can read",
        ),
        (
            "X",
            "canary@0_canary@1",
            "looks like a token, which anyone who may inspect the container can read",
        ),
    ],
)
def test_a_variable_that_defeats_tracing(doubts, name: str, value: str, cause: str) -> None:
    """Each at its own line, and without its value."""
    assert [("sidecar.yaml:7", f"services.web.environment.{name}", cause)] == doubts(
        service(f"environment:\n  {name}: {value}\n")
    )


def test_variables_that_do_no_harm(doubts) -> None:
    """Well-formed tags, an address of mail."""
    assert [] == doubts(service("environment: {JAEGER_TAGS: 'a=b,c=d', MAIL: ada@example.com}\n"))


@pytest.mark.parametrize(
    ("lines", "field", "line", "cause"),
    [
        (
            "volumes: [./config.toml:/etc/web.toml]\n",
            "volumes",
            6,
            "./config.toml is not there; the engine would make",
        ),
        ("env_files:\n  - web.env\n", "env_files", 7, "web.env is not there; `up` stops at it"),
        (
            "build: {context: ./gone}\n",
            "build.context",
            6,
            "./gone is not there; nothing can be built",
        ),
        (
            "build:\n  context: gone\n",
            "build.context",
            7,
            "gone is not there; nothing can be built",
        ),
        (
            "build: {context: ./app}\n",
            "build.context",
            6,
            "Dockerfile is not in ./app; nothing can be built",
        ),
        (
            "build:\n  context: app\n  dockerfile: Other\n",
            "build.dockerfile",
            8,
            "Other is not in app; nothing can be built",
        ),
    ],
)
def test_a_path_that_is_not_there_is_told(
    doubts, lines: str, field: str, line: int, cause: str
) -> None:
    """Before `up` stops at it, or makes a folder of root's in a missing file's place."""
    Path("app").mkdir()
    text = service(lines)
    text = text.replace("    image: web:1.0\n", "    replicas: 1\n") if "build" in lines else text
    (found,) = doubts(text)

    assert (f"sidecar.yaml:{line}", f"services.web.{field}") == found[:2]
    assert found[2].startswith(cause)


def test_what_is_there_or_elsewhere_is_no_doubt(doubts) -> None:
    """Files, folders, named volumes, other stages' files, and an address that only the builder can ask."""
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
        assert [] == doubts(plain + textwrap.indent(f"{lines}{{context: {build}}}\n", "    "))
