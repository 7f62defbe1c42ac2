"""sidecar.yaml: what it may say, and how each mistake is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sidecar.errors import SidecarError
from sidecar.spec import Agent, Capacity, Service, Spec
from sidecar.specfile import SpecError, read_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVICE = "services:\n- {name: web, image: web:1, port: 80, %s}\n"


@pytest.fixture
def spec_of(tmp_path: Path) -> Callable[[str], Spec]:
    """Read a spec from text."""

    def read(text: str) -> Spec:
        path = tmp_path / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        return read_spec(path)

    return read


@pytest.fixture
def error_of(spec_of: Callable[[str], Spec], tmp_path: Path) -> Callable[[str], str]:
    """Return the message of a wrong spec, without its folder."""

    def read(text: str) -> str:
        with pytest.raises(SidecarError) as caught:
            spec_of(text)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return read


def test_a_region_alone_is_a_whole_spec(spec_of) -> None:
    """All else has defaults; no services means the sample's."""
    assert Spec("cn-shanghai", "public", None, Agent(), Capacity(2000, 200)) == spec_of("region: cn-shanghai")


def test_the_region_may_come_from_the_command_line(spec_of) -> None:
    """A spec without a region is read; the flag names it."""
    assert "" == spec_of("network: vpc").region


def test_every_field_arrives(spec_of) -> None:
    """What the file says is what the spec holds."""
    text = """
region: eu-west-1
network: vpc
services:
  - name: web
    image: registry.example.com:5000/team/web@sha256:0123456789abcdef
    port: 80
    publish: 8080
    command: [serve, "--title=$HOME 'é' \\"x\\""]
    environment: {TITLE: "a # b: c", EMPTY: ""}
agent: {kind: jaeger-agent, version: 1.22.0, image: mirror/agent:1}
capacity: {spans_per_second: 10, round_trip_ms: 60000}
"""
    web = Service(
        "web",
        "registry.example.com:5000/team/web@sha256:0123456789abcdef",
        80,
        8080,
        ("serve", "--title=$HOME 'é' \"x\""),
        {"TITLE": "a # b: c", "EMPTY": ""},
    )
    agent = Agent("jaeger-agent", "1.22.0", "mirror/agent:1")

    assert Spec("eu-west-1", "vpc", (web,), agent, Capacity(10, 60_000)) == spec_of(text)


def test_anchors_and_aliases_are_read(spec_of) -> None:
    """An environment written once serves two services."""
    first = "{name: a, image: i, port: 1, environment: &e {A: b}}"
    text = f"services:\n- {first}\n- {{name: b, image: i, port: 1, environment: *e}}"

    assert [{"A": "b"}, {"A": "b"}] == [service.environment for service in spec_of(text).services]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sidecar.yaml:1: is not a map. The smallest spec is `region: cn-shanghai`"),
        ("- region", "sidecar.yaml:1: is not a map. The smallest spec is `region: cn-shanghai`"),
        ("a: 1\n---\nb: 1", "sidecar.yaml:2: is not YAML: but found another document. Correct it"),
        ("region: [x", "is not YAML: did not find expected ',' or ']'"),
        ("network: vpc\nregion: 1", "sidecar.yaml:2: region: '1' is not text. Put it in quotes"),
        ("region: [a]", "sidecar.yaml:1: region: a list or map is not text. Give a region id"),
        ("region:", "sidecar.yaml:1: region: '' is not text. Put it in quotes"),
        ("region: a b", "sidecar.yaml:1: region: 'a b' is not a region id. `sidecar regions` lists them"),
        ("region: !!python/object:os.system {}", "sidecar.yaml:1: region: a list or map is not text. Give a region id"),
        ("region: !!python/name:os.system ''", "sidecar.yaml:1: region: '' is not text. Put it in quotes"),
        ("region: a\nregion: b", "sidecar.yaml:2: region: is given twice. Keep one"),
        ("netwrk: vpc", "sidecar.yaml:1: netwrk: is not known. Did you mean network?"),
        ("x: 1", "sidecar.yaml:1: x: is not known. Known: region, network, services, agent, capacity"),
        ("<<: {region: a}", "sidecar.yaml:1: <<: is not known. Known: region, network, services, agent, capacity"),
        ("? [a]\n: b", "sidecar.yaml:1: has a key that is not text. Give region, network"),
        ("network: private", "sidecar.yaml:1: network: 'private' is not known. Use public or vpc"),
        ("network: [vpc]", "sidecar.yaml:1: network: a list or map is not known. Use public or vpc"),
        ("agent: 1.62.0", "sidecar.yaml:1: agent: is not a map. Give kind, version, image below it"),
        ("agent: {kind: otel}", "sidecar.yaml:1: agent.kind: 'otel' is not known. Use jaeger-agent"),
        ("agent: {version: 1.62}", "sidecar.yaml:1: agent.version: '1.62' is not text. Put it in quotes"),
        ("agent: {version: v1.62.0}", "agent.version: 'v1.62.0' is not a version. Give one such as 1.62.0"),
        ("agent: {version: 1.06.0}", "agent.version: '1.06.0' is not a version"),
        ("agent: {version: '1.٦٢.0'}", "agent.version: '1.٦٢.0' is not a version"),
        (f"agent: {{version: '1.{'9' * 5000}.0'}}", "is not a version. Give one such as 1.62.0"),
        ("agent: {version: 1.63.0}", "agent.version: '1.63.0': the agent was removed from Jaeger after 1.62.0"),
        ("agent: {version: 1.14.0}", "agent.version: '1.14.0': the oldest known is 1.15.0. Use 1.15.0 to 1.62.0"),
        ("agent: {image: a b}", "agent.image: 'a b' is not an image name. Give one such as registry.example.com"),
        ("agent: {image: '${IMAGE}'}", "agent.image: '${IMAGE}' is not an image name"),
        ("agent: &a {image: *a}", "agent.image: a list or map is not text"),
        ("capacity: {spans_per_second: 0}", "'0' is not a rate. Give a whole number from 1 to 1000000"),
        ("capacity: {round_trip_ms: 60001}", "'60001' is not a round trip in ms. Give a whole number from 1 to 60000"),
        ("capacity: {round_trip_ms: 1.5}", "'1.5' is not a round trip in ms"),
        ("capacity: {round_trip_ms: '200'}", "'200' is not a round trip in ms"),
        ("capacity: {round_trip_ms: 0x10}", "'0x10' is not a round trip in ms"),
        ("capacity: {round_trip_ms: 010}", "'010' is not a round trip in ms"),
        ("capacity: {round_trip_ms: [1]}", "a list or map is not a round trip in ms"),
        ("services: []", "services: is not a list with an entry. Begin each entry with `- `"),
        ("services: {web: 1}", "services: is not a list with an entry"),
        ("services: [web]", "services[0]: is not a map. Give name, image, port"),
        ("services: &s [*s]", "services[0]: is not a map"),
        ("services: [{name: web}]", "services[0]: has no image. Give name, image, port"),
        (SERVICE % "publish: 70000", "services[0].publish: '70000' is not a port. Give a whole number from 1 to 65535"),
        (SERVICE % "publish: yes", "services[0].publish: 'yes' is not a port"),
        (SERVICE % "command: serve", "services[0].command: is not a list with an entry"),
        (SERVICE % "command: [1]", "services[0].command[0]: '1' is not text. Put it in quotes"),
        (SERVICE % r'command: ["a\0b"]', r"services[0].command[0]: 'a\x00b' is not text without a NUL"),
        (SERVICE % "environment: [A=b]", "services[0].environment: is not a map. Give VARIABLE: text below it"),
        (SERVICE % "environment: {PORT: 80}", "services[0].environment.PORT: '80' is not text. Put it in quotes"),
        (SERVICE % "environment: {A: b, A: c}", "services[0].environment.A: is given twice. Keep one"),
        (SERVICE % "environment: {A-B: c}", "environment: 'A-B' is not a variable's name. Use letters, digits and _"),
        ("k" * 900 + ": 1", f"sidecar.yaml:1: {'k' * 57}...: is not known"),
        (r'"\e[31m": 1', r"sidecar.yaml:1: '\x1b[31m': is not known"),
        (SERVICE % "environment: {<<: {A: b}}", "'<<' is not a variable's name"),
        (SERVICE % "environment: {[a]: b}", "services[0].environment: has a key that is not text"),
    ],
)  # fmt: skip
def test_a_mistake_names_line_field_cause_and_fix(error_of, text: str, message: str) -> None:
    """One mistake, one line, which says where it is and what to write instead."""
    error = error_of(text)

    assert message in error
    assert error.startswith("sidecar.yaml:")
    assert 1 == len(error.splitlines())


@pytest.mark.parametrize("name", ["Web", "1web", "-web", "web-", "web_1", "wéb", "x-web", "a" * 58])
def test_a_name_must_do_as_a_host_name(error_of, name: str) -> None:
    """A service and its agent are reached by their names: 63 characters with the agent's suffix."""
    text = f"services: [{{name: {name}, image: i, port: 1}}]"

    assert "is not a name. Use a-z, 0-9 and -, a letter but not x- first, at most 57" in error_of(text)


def test_the_longest_name_is_taken(spec_of) -> None:
    """57 characters, and six more for the agent's suffix."""
    assert 1 == len(spec_of(f"services: [{{name: {'a' * 57}, image: i, port: 1}}]").services)


@pytest.mark.parametrize(
    ("first", "second", "taken"), [("a", "a", "a"), ("a", "a-agent", "a-agent"), ("a-agent", "a", "a-agent")]
)
def test_two_containers_cannot_share_a_name(error_of, first: str, second: str, taken: str) -> None:
    """A service must have neither another's name nor that of another's agent."""
    text = f"services:\n- {{name: {first}, image: i, port: 1}}\n- {{name: {second}, image: i, port: 1}}\n"

    assert f"sidecar.yaml:3: services[1].name: {taken!r} is taken. Give each service its own name" == error_of(text)


def test_two_services_cannot_publish_one_port(error_of) -> None:
    """The host has each port once; services that publish none do not collide."""
    one = "{name: a, image: i, port: 1, publish: 99}, {name: b, image: i, port: 1}, {name: c, image: i, port: 1}"
    text = f"services: [{one},\n{{name: d, image: i, port: 1, publish: 99}}]"

    assert "sidecar.yaml:2: services[3].publish: 99 is taken. Give each service its own port" == error_of(text)


def test_all_mistakes_are_told_in_one_run_in_the_files_order(spec_of, tmp_path) -> None:
    """Nobody has to run the command once per mistake."""
    services = "- {name: a, image: i, port: 1}\n- {name: a, image: 2, port: 3}\n- {port: 0}\n"
    text = f"region: 1\nnetwork: x\nservices:\n{services}"

    with pytest.raises(SpecError) as caught:
        spec_of(text)
    lines = [str(error).removeprefix(f"{tmp_path}/sidecar.yaml:").partition(": ") for error in caught.value.errors]

    assert ["1", "2", "5", "5", "6", "6"] == [line for line, _, _ in lines]
    assert str(caught.value).splitlines() == [str(error) for error in caught.value.errors]


def test_a_spec_that_is_not_there_is_refused(tmp_path) -> None:
    """The error names the path."""
    with pytest.raises(SidecarError, match=r"no.yaml: No such file or directory. Check the path and its rights"):
        read_spec(tmp_path / "no.yaml")
