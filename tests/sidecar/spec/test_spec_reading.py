"""sidecar.yaml: what it may say, and the message of each mistake."""

from __future__ import annotations

import time

import pytest

from sidecar.errors import SidecarError
from sidecar.spec import (
    AgentSettings,
    Build,
    Capacity,
    GatewaySettings,
    HealthCheck,
    ImageSettings,
    Publish,
    RelaySettings,
    Resources,
    Sampling,
    Service,
    Spec,
    Volume,
)
from sidecar.spec.load import load
from sidecar.spec.sources import SpecError

SERVICE = "services:\n- {name: web, image: 'web:1', port: 80, %s}\n"


def test_a_region_alone_is_a_whole_spec(spec_of) -> None:
    """Everything else has defaults; no services means the sample's."""
    assert Spec(
        "cn-shanghai",
        GatewaySettings("public"),
        None,
        AgentSettings(),
        ImageSettings(),
        Capacity(2000, 200),
    ) == spec_of("region: cn-shanghai")


def test_the_region_may_come_from_the_command_line(spec_of) -> None:
    """A spec without a region is read; the flag names it."""
    assert "" == spec_of("gateway: {network: vpc}").region


EVERY_FIELD = """
region: eu-west-1
name: shop-2_b
gateway:
  {network: vpc, port: 1884, tls: true, host: gw.example.com, allow: [gw.example.com, "[::1]"]}
services:
  - name: web
    image: registry.example.com:5000/team/web@sha256:0123456789abcdef
    port: 80
    publish: "0.0.0.0:8080"
    replicas: 2
    command: [serve, "--title=$HOME 'é' \\"x\\""]
    environment: {TITLE: "a # b: c", EMPTY: ""}
    env_files: [./web.env, /etc/web.env]
    volumes: ["./a:/a", "data:/b:ro", {source: /host, target: /c, read_only: true}]
    resources: {memory: 1g, cpus: 1.5}
    health: {http: /healthz, interval_s: 1, timeout_s: 2, retries: 3, start_period_s: 0}
    sampling: {type: probabilistic, param: 0.25}
  - name: worker
    build: {context: ./worker, dockerfile: d/Dockerfile, target: runtime, args: {PYTHON: "3.12"}}
    health: {command: [python, -m, check]}
    ignore: [secret-in-clear]
agent:
  {kind: jaeger-agent, version: 1.22.0, image: "a/agent:1", resources: {memory: 300, cpus: 1}}
relay: {replicas: 3, buffer: 90s, storage: 2g}
images: {prefix: "mirror.example.com:5000/hub/", source: build}
capacity: {spans_per_second: 10, round_trip_ms: 60000}
ignore: [vpc-gateway, floating-image-tag]
"""


def test_every_field_arrives(spec_of) -> None:
    """What the file says is what the spec holds."""
    web = Service(
        "web",
        "registry.example.com:5000/team/web@sha256:0123456789abcdef",
        port=80,
        publish=Publish(8080, "0.0.0.0"),
        replicas=2,
        command=("serve", "--title=$HOME 'é' \"x\""),
        environment={"TITLE": "a # b: c", "EMPTY": ""},
        env_files=("./web.env", "/etc/web.env"),
        volumes=(
            Volume("./a", "/a"),
            Volume("data", "/b", read_only=True),
            Volume("/host", "/c", read_only=True),
        ),
        resources=Resources(1024, 1.5),
        health=HealthCheck(1, 2, 3, 0, http="/healthz"),
        sampling=Sampling("probabilistic", 0.25),
    )
    build = Build("./worker", "d/Dockerfile", "runtime", {"PYTHON": "3.12"})
    check = HealthCheck(command=("python", "-m", "check"))
    worker = Service("worker", build=build, health=check, ignore=("secret-in-clear",))
    gateway = GatewaySettings("vpc", 1884, True, "gw.example.com", ("gw.example.com", "[::1]"))
    agent = AgentSettings("jaeger-agent", "1.22.0", "a/agent:1", Resources(300, 1))
    images = ImageSettings("mirror.example.com:5000/hub/", "build")

    assert Spec(
        "eu-west-1",
        gateway,
        (web, worker),
        agent,
        images,
        Capacity(10, 60_000),
        "shop-2_b",
        ("vpc-gateway", "floating-image-tag"),
        relay=RelaySettings(3, 90, 2048),
    ) == spec_of(EVERY_FIELD)


def test_anchors_and_aliases_are_read(spec_of) -> None:
    """An environment written once serves two services."""
    first = "{name: a, image: i, port: 1, environment: &e {A: b}}"
    text = f"services:\n- {first}\n- {{name: b, image: i, port: 1, environment: *e}}"

    assert [{"A": "b"}, {"A": "b"}] == [service.environment for service in spec_of(text).services]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sidecar.yaml:1: is empty. The smallest spec is `region: cn-shanghai`"),
        (
            "- region",
            "sidecar.yaml:1: is a list, not a map. The smallest spec is `region: cn-shanghai`",
        ),
        (
            "a: 1\n---\nb: 1",
            (
                "sidecar.yaml:2: begins a second document. Keep one, or give the other as a second "
                "--file"
            ),
        ),
        ("region: [x", "is not YAML: did not find expected ',' or ']'"),
        ("name: shop\nregion: 1", "sidecar.yaml:2: region: '1' is not text. Put it in quotes"),
        ("region: [a]", "sidecar.yaml:1: region: a list or map is not text. Give a region id"),
        ("local", "sidecar.yaml:1: is a single value, not a map. The smallest"),
        ("region:", "sidecar.yaml:1: region: has no value. Give a region id, or remove the key"),
        (
            "region: null",
            "sidecar.yaml:1: region: has no value. Give a region id, or remove the key",
        ),
        (
            "agent:\n\tversion: 1.62.0",
            "sidecar.yaml:2: is indented with a tab, which YAML does not allow. Use spaces",
        ),
        (
            "region: a b",
            "sidecar.yaml:1: region: 'a b' is not a region id. `sidecar regions` lists them",
        ),
        (
            "region: !!python/object:os.system {}",
            "sidecar.yaml:1: region: a list or map is not text. Give a region id",
        ),
        (
            "region: !!python/name:os.system ''",
            "sidecar.yaml:1: region: '' is not a region id. `sidecar regions` lists them",
        ),
        ("region: a\nregion: b", "sidecar.yaml:2: region: is given twice. Keep one"),
        ("gatway: {}", "sidecar.yaml:1: gatway: is not a known key. Did you mean gateway?"),
        ("gatewy: {}", "sidecar.yaml:1: gatewy: is not a known key. Did you mean gateway?"),
        (
            "x: 1",
            (
                "sidecar.yaml:1: x: is not a known key. Known: region, name, gateway, "
                "compose, services, agent, relay, images, capacity"
            ),
        ),
        (
            "<<: {region: a}",
            (
                "sidecar.yaml:1: <<: is a merge key, which not every YAML parser reads. Write the "
                "keys out"
            ),
        ),
        ("? [a]\n: b", "sidecar.yaml:1: has a key that is not text. Give region, name, gateway"),
        (
            "gateway: {network: private}",
            "sidecar.yaml:1: gateway.network: 'private' is not valid. Use public or vpc",
        ),
        (
            "gateway: {network: [vpc]}",
            "sidecar.yaml:1: gateway.network: a list or map is not valid. Use public or vpc",
        ),
        (
            "agent: 1.62.0",
            (
                "sidecar.yaml:1: agent: is not a map. "
                "Give kind, version, image, resources, kubernetes, tcp_retries, buffer, disk, "
                "collector, canary below it"
            ),
        ),
        (
            "agent: {kind: otel}",
            "sidecar.yaml:1: agent.kind: 'otel' is not valid. Use jaeger-agent",
        ),
        (
            "agent: {version: 1.62}",
            "sidecar.yaml:1: agent.version: '1.62' is not text. Put it in quotes",
        ),
        (
            "agent: {version: v1.62.0}",
            "agent.version: 'v1.62.0' is not a version. Give one such as 1.62.0",
        ),
        ("agent: {version: 1.06.0}", "agent.version: '1.06.0' is not a version"),
        ("agent: {version: '1.٦٢.0'}", "agent.version: '1.٦٢.0' is not a version"),
        (f"agent: {{version: '1.{'9' * 5000}.0'}}", "is not a version. Give one such as 1.62.0"),
        (
            "agent: {version: 1.63.0}",
            "agent.version: '1.63.0': the agent was removed from Jaeger after 1.62.0",
        ),
        (
            "agent: {version: 1.14.0}",
            "agent.version: '1.14.0': the oldest known is 1.15.0. Use 1.15.0 to 1.62.0",
        ),
        ("agent: {image: a b}", "agent.image: 'a b' contains a space or a line break. Remove it"),
        (
            "agent: {image: '${IMAGE}'}",
            "agent.image: '${IMAGE}' contains a variable, and a spec expands none",
        ),
        ("agent: &a {image: *a}", "agent.image: a list or map is not text"),
        (
            "capacity: {spans_per_second: 0}",
            "'0' is not a rate. Give a whole number from 1 to 1000000",
        ),
        (
            "capacity: {round_trip_ms: 60001}",
            "'60001' is not a round trip in ms. Give a whole number from 1 to 60000",
        ),
        ("capacity: {round_trip_ms: 1.5}", "'1.5' is not a round trip in ms"),
        ("capacity: {round_trip_ms: '200'}", "'200' is not a round trip in ms. Remove the quotes"),
        ("capacity: {round_trip_ms: 0x10}", "'0x10' is not a round trip in ms"),
        ("capacity: {round_trip_ms: 010}", "'010' is not a round trip in ms"),
        ("capacity: {round_trip_ms: [1]}", "a list or map is not a round trip in ms"),
        (
            "services: []",
            "services: is not a list with at least one entry. Begin each entry with `- `",
        ),
        ("services: {web: 1}", "services: is not a list with at least one entry"),
        ("services: [web]", "services[0]: is not a map. Give name, kind, image, build, port"),
        ("services: &s [*s]", "services[0]: is not a map"),
        ("services: [{name: web}]", "services[0]: has neither image nor build. Give one of them"),
        ("services: [{image: web}]", "services[0]: has no name. Give name"),
        (
            SERVICE % "publish: 70000",
            "services[0].publish: '70000' is not a port. Give a whole number from 1 to 65535",
        ),
        (SERVICE % "publish: yes", "services[0].publish: 'yes' is not a port"),
        (SERVICE % "command: serve", "services[0].command: is not a list with at least one entry"),
        (SERVICE % "command: [1]", "services[0].command[0]: '1' is not text. Put it in quotes"),
        (
            SERVICE % r'command: ["a\0b"]',
            r"services[0].command[0]: 'a\x00b' contains a NUL character. Remove it",
        ),
        (
            SERVICE % "environment: [A=b]",
            "services[0].environment: is not a map. Give VARIABLE: text below it",
        ),
        (
            SERVICE % "environment: {PORT: 80}",
            "services[0].environment.PORT: '80' is not text. Put it in quotes",
        ),
        (
            SERVICE % "environment: {A: b, A: c}",
            "services[0].environment.A: is given twice. Keep one",
        ),
        (
            SERVICE % "environment: {A-B: c}",
            "environment: 'A-B' is not a variable name. Use letters, digits and _",
        ),
        ("k" * 900 + ": 1", f"sidecar.yaml:1: {'k' * 57}...: is not a known key"),
        (r'"\e[31m": 1', r"sidecar.yaml:1: '\x1b[31m': is not a known key"),
        (SERVICE % "environment: {<<: {A: b}}", "environment.<<: is a merge key"),
        (SERVICE % "environment: {[a]: b}", "services[0].environment: has a key that is not text"),
    ],
)
def test_a_mistake_names_line_field_cause_and_fix(error_of, text: str, message: str) -> None:
    """One mistake, one line, which says where it is and what to write instead."""
    error = error_of(text)

    assert message in error
    assert error.startswith("sidecar.yaml:")
    assert 1 == len(error.splitlines())


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [("a", "a", "a"), ("a", "a-agent", "a-agent"), ("a-agent", "a", "a-agent")],
)
def test_two_containers_cannot_share_a_name(error_of, first: str, second: str, taken: str) -> None:
    """A service must have neither another's name nor that of another's agent."""
    names = (first, second)
    text = "services:\n" + "".join(f"- {{name: {name}, image: i, port: 1}}\n" for name in names)

    assert (
        f"sidecar.yaml:3: services[1].name: {taken!r} is already used. Give each service its "
        "own name [conflicting-values]"
    ) == error_of(text)


def test_two_services_cannot_publish_one_port(error_of) -> None:
    """The host has each port once; services that publish none do not collide."""
    first = "{name: a, image: i, port: 1, publish: 99}"
    others = "{name: b, image: i, port: 1}, {name: c, image: i, port: 1}"
    text = f"services: [{first}, {others},\n{{name: d, image: i, port: 1, publish: 99}}]"

    assert (
        "sidecar.yaml:2: services[3].publish: 99 is already published. Give each service its "
        "own port [conflicting-values]"
    ) == error_of(text)


def test_all_mistakes_are_reported_in_one_run_in_the_files_order(spec_of, tmp_path) -> None:
    """One run of the command is enough to see all of them."""
    services = "- {name: a, image: i, port: 1}\n- {name: a, image: 2, port: 3}\n- {port: 0}\n"
    text = f"region: 1\ngateway: {{network: x}}\nservices:\n{services}"

    with pytest.raises(SpecError) as caught:
        spec_of(text)
    lines = [
        str(error).removeprefix(f"{tmp_path}/sidecar.yaml:").partition(": ")
        for error in caught.value.errors
    ]

    assert ["1", "2", "5", "5", "6", "6", "6"] == [line for line, _, _ in lines]
    assert str(caught.value).splitlines() == [str(error) for error in caught.value.errors]


def test_a_spec_that_does_not_exist_is_refused(tmp_path) -> None:
    """The error names the path."""
    with pytest.raises(
        SidecarError,
        match=r"no.yaml: No such file or directory. Check the path and its permissions",
    ):
        load([tmp_path / "no.yaml"])


def test_an_alias_bomb_is_refused(error_of) -> None:
    """What it would expand to is counted, not built."""
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20))

    assert (
        "sidecar.yaml: holds more than 100,000 values, with aliases expanded. Split it "
        "[broken-yaml]"
    ) == error_of(f"a0: &a0 [x]\n{lists}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfer\x00", "is not UTF-8 text. Save it as UTF-8"),
        ("region: local".encode("utf-16-le"), "is not YAML"),
        (bytes(range(256)), "is not UTF-8 text"),
        (b"\x7fELF\x00\x01", "is not YAML"),
        (b"# nothing\n", ":1: is empty. The smallest spec is `region: cn-shanghai`"),
        (b"- " * 10_000, "is nested deeper than 50 levels. Flatten it"),
    ],
)
def test_a_file_that_is_not_a_spec_is_refused(tmp_path, content: bytes, message: str) -> None:
    """Any bytes lead to one message, without a traceback."""
    (tmp_path / "sidecar.yaml").write_bytes(content)

    with pytest.raises(SpecError) as caught:
        load([tmp_path / "sidecar.yaml"])
    assert message in str(caught.value)


def test_a_large_spec_is_read_quickly(spec_of) -> None:
    """200 services in well under a second: the cost grows no faster than the file."""
    service = (
        "- {{name: s{0}, image: 'i:1', port: 80, "
        "environment: {{A: '1', B: '2', C: text}}, volumes: ['d{0}:/d']}}\n"
    )
    text = "services:\n" + "".join(service.format(number) for number in range(200))
    began = time.process_time()

    assert 200 == len(spec_of(text).services)
    assert time.process_time() - began < 1
