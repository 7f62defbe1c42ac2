"""`sidecar validate COMPOSE_FILE`: what is wrong with agents that somebody runs by hand."""

import json

import pytest

TOKEN = "abcdefgh@0123456789abcde_abcdefgh@53df7ad2afe8301"
GATEWAY = "tracing-analysis-dc-hz.aliyuncs.com:1883"
AGENT = """
services:
  agent:
    image: jaegertracing/jaeger-agent:{version}
    restart: always
    mem_limit: 200m
    command:
      - --reporter.grpc.host-port={gateway}
      - --processor.jaeger-compact.workers=64
      - {word}
    environment:
      - {variable}
"""
CLIENT = """\
  api:
    image: example.com/api:1.0
    environment: {{JAEGER_AGENT_HOST: agent, JAEGER_AGENT_PORT: "{port}"}}
"""


@pytest.fixture
def found(run, tmp_path, monkeypatch):
    """Return a function: a Compose file's text → (id, line, cause and fix) of its findings."""
    monkeypatch.chdir(tmp_path)

    def call(text):
        (tmp_path / "docker-compose.yml").write_text(text, "utf-8")
        done = run("validate", "docker-compose.yml", "--output", "json")
        data = json.loads(done.out)
        assert TOKEN not in done.out + done.err
        assert data["ok"] == (done.code == 0)
        return {
            (each["id"], each["place"].rpartition(":")[2], f"{each['cause']}. {each['fix']}")
            for each in data["findings"]
            if each["severity"] != "ok"
        }

    return call


def agent(version="1.62.0", word="--config-file=/a.yaml", variable="TZ=UTC"):
    """Return a Compose file with an agent and nothing wrong but what is given."""
    return AGENT.format(version=version, gateway=GATEWAY, word=word, variable=variable).lstrip()


def test_a_file_with_an_agent_only_is_judged(run, tmp_path, monkeypatch):
    """Nothing needs to be traced, and a region is not asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(agent(), "utf-8")

    done = run("validate", "docker-compose.yml")

    assert done.code == 0
    assert "docker-compose.yml: valid" in done.out
    assert "warning" not in done.out


@pytest.mark.parametrize(
    ("version", "word", "says"),
    [
        (
            "1.62.0",
            "--jaeger-tags=a=b",
            "no version of the agent knows --jaeger-tags: *--agent.tags?",
        ),
        (
            "1.20.0",
            "--jaeger-tags=a=b",
            "no version of the agent knows --jaeger-tags: *--jaeger.tags?",
        ),
        ("1.62.0", "--log.level=debug", "no version of the agent knows --log.level: *--log-level?"),
        ("latest", "--log.level=debug", "no version of the agent knows --log.level: *--log-level?"),
        (
            "1.22.0",
            "--admin-http-port=1",
            "1.22.0 does not know --admin-http-port, removed in 1.22",
        ),
        ("1.18.1", "--log-encoding=json", "1.18.1 does not know --log-encoding, added in 1.59"),
        ("1.34.0", "--admin.http.tls.enabled", "1.34.0 does not know *, added in 1.35"),
    ],
)
def test_a_flag_that_the_version_lacks(found, version, word, says):
    """By name, with the version that has it or the flag that is meant."""
    start, _, end = says.partition("*")
    texts = [text for rule, line, text in found(agent(version, word)) if (rule, line) == FLAG_PLACE]

    assert [True] == [text.startswith(start) and end in text for text in texts]


FLAG_PLACE = ("unknown-agent-flag", "9")


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("1.21.0", "--admin-http-port=1"),
        ("1.59.0", "--log-encoding=json"),
        ("1", "--jaeger.tags=a=b"),
        ("1.62.0", "--help"),
        ("1.8", "--of-a-version-that-was-not-read"),
    ],
)
def test_a_flag_that_the_version_may_have(found, version, word):
    """Of an unknown version, only what holds for all of them is said."""
    assert "unknown-agent-flag" not in {rule for rule, *_ in found(agent(version, word))}


def test_flags_of_another_program_are_not_the_agents(found):
    """A wrapper's words come before the agent's."""
    wrapped = agent(word="--timeout=3") + "    entrypoint: [/wait-for, --seconds=4]\n"

    assert "unknown-agent-flag" not in {rule for rule, *_ in found(wrapped)}


@pytest.mark.parametrize(
    ("version", "variable", "says"),
    [
        (
            "1.62.0",
            "COLLECTOR_HOST_PORT=a:1",
            (
                "1.62.0 ignores COLLECTOR_HOST_PORT: --collector.host-port was removed in 1.18. "
                "Use REPORTER_GRPC_HOST_PORT"
            ),
        ),
        (
            "1.22.0",
            "JAEGER_TAGS=a=b",
            "1.22.0 ignores JAEGER_TAGS: --jaeger.tags was removed in 1.22. Use AGENT_TAGS",
        ),
        (
            "1.15.1",
            "AGENT_TAGS=a=b",
            "1.15.1 ignores AGENT_TAGS: --agent.tags was added in 1.16. Use JAEGER_TAGS",
        ),
        (
            "latest",
            "JAEGER_AGENT_TAGS=a=b",
            "no version of the agent reads JAEGER_AGENT_TAGS. Did you mean AGENT_TAGS?",
        ),
        (
            "1.62.0",
            "REPORTER_GRPC_HOSTPORT=a:1",
            (
                "no version of the agent reads REPORTER_GRPC_HOSTPORT. "
                "Did you mean REPORTER_GRPC_HOST_PORT?"
            ),
        ),
    ],
)
def test_a_variable_that_the_version_ignores(found, version, variable, says):
    """The agent starts without it, so nothing else would tell."""
    assert ("ignored-agent-variable", "11", says) in found(agent(version, variable=variable))


@pytest.mark.parametrize(
    ("version", "variable"),
    [("1.21.0", "JAEGER_TAGS=a=b"), ("1.62.0", "AGENT_TAGS=a=b"), ("1.62.0", "HTTP_PROXY=a")],
)
def test_a_variable_that_the_version_reads(found, version, variable):
    """And one that is not a setting of the agent."""
    assert set() == {rule for rule, *_ in found(agent(version, variable=variable))}


def test_a_removed_variable_names_no_gateway(found):
    """The address and the token in variables that are ignored do not count."""
    text = agent(variable=f"COLLECTOR_HOST_PORT={GATEWAY}")
    text = text.replace(f"      - --reporter.grpc.host-port={GATEWAY}\n", "")
    text = text.replace("      - --config-file=/a.yaml\n", "")

    assert {"ignored-agent-variable", "agent-without-gateway"} == {rule for rule, *_ in found(text)}


@pytest.mark.parametrize(
    ("word", "variable", "line"),
    [
        ('--agent.tags="team=a"', "TZ=UTC", "9"),
        ("--agent.tags=team='a'", "TZ=UTC", "9"),
        ("--config-file=/a.yaml", 'AGENT_TAGS="team=a"', "11"),
    ],
)
def test_literal_quotes_are_part_of_a_value(found, word, variable, line):
    """In a YAML list, quotes inside a word stay."""
    assert ("quoted-agent-value", line) in {
        (rule, at) for rule, at, _ in found(agent(word=word, variable=variable))
    }


def test_quotes_that_yaml_or_compose_takes_off_are_fine(found):
    """As a whole word in quotes, and in a command of one line."""
    quoted = agent(word="'--agent.tags=team=a'")

    assert "quoted-agent-value" not in {rule for rule, *_ in found(quoted)}


@pytest.mark.parametrize(("size", "rules"), [("64999", {"agent-packet-size"}), ("65000", set())])
def test_packets_below_what_clients_send(found, size, rules):
    """A client sends up to 65,000 bytes."""
    flag = f"--processor.jaeger-compact.server-max-packet-size={size}"

    assert rules == {rule for rule, *_ in found(agent(word=flag))} - {"agent-without-token"}


@pytest.mark.parametrize(
    ("port", "word", "cause"),
    [
        ("6832", "--config-file=/a.yaml", "that port of an agent takes binary Thrift"),
        ("6900", "--config-file=/a.yaml", "its agent listens on 6831"),
        ("6831", "--processor.jaeger-compact.server-host-port=:6900", "its agent listens on 6900"),
        ("6831", "--config-file=/a.yaml", ""),
        ("5775", "--config-file=/a.yaml", ""),
        ("6832", "--processor.jaeger-compact.server-host-port=0.0.0.0:6832", ""),
    ],
)
def test_the_port_that_a_client_sends_to(found, port, word, cause):
    """A Python client sends compact Thrift, wherever its agent takes that."""
    text = agent(word=word) + CLIENT.format(port=port)
    causes = [text for rule, _, text in found(text) if rule == "agent-port-of-another-protocol"]

    assert bool(cause) == bool(causes)
    assert all(cause in text for text in causes)


@pytest.mark.parametrize(("mtu", "rules"), [("1400", {"agent-network-mtu"}), ("1500", set())])
def test_the_mtu_of_the_agents_network(found, mtu, rules):
    """It is at its own line, under the top-level `networks`."""
    options = f"    driver_opts:\n      com.docker.network.driver.mtu: {mtu}\n"
    text = f"{agent()}networks:\n  default:\n{options}"

    assert rules == {rule for rule, *_ in found(text)}
    assert all(line == "15" for _, line, _ in found(text))


@pytest.mark.parametrize("name", ["", "docker.io/", "registry.example.com/hub/"])
@pytest.mark.parametrize("tag", ["", ":latest"])
def test_the_official_image_without_a_version_is_the_last(found, tag, name):
    """No newer agent will be published: what 1.62.0 refuses keeps it from starting."""
    for flag, told in (("jaeger.tags", True), ("agent.tags", False)):
        official = "jaegertracing/jaeger-agent"
        text = agent(word=f"--{flag}=a=b").replace(f"{official}:1.62.0", f"{name}{official}{tag}")
        causes = [text for rule, _, text in found(text) if rule == "unknown-agent-flag"]

        assert told == any("1.62.0 does not know --jaeger.tags" in each for each in causes)


@pytest.mark.parametrize("image", ["shop/jaeger-agent", "jaegertracing/jaeger-agent@sha256:ab"])
def test_an_image_that_may_be_of_any_version_is_not_judged_by_one(found, image):
    """A copy of one's own without a tag, or a digest."""
    text = agent(word="--jaeger.tags=a=b").replace("jaegertracing/jaeger-agent:1.62.0", image)

    assert "unknown-agent-flag" not in {rule for rule, *_ in found(text)}


def test_a_version_in_the_tag_of_another_image_is_not_the_agents(found):
    """A private image has versions of its own."""
    text = agent("1.62.0", "--jaeger.tags=a=b").replace("jaegertracing/jaeger-agent", "shop/tracer")

    assert "unknown-agent-flag" not in {rule for rule, *_ in found(text)}


def test_what_cannot_be_read_is_a_finding(run, tmp_path, monkeypatch):
    """With its line, and exit code 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text("services:\n  a: {image: x, image: y}\n", "utf-8")

    done = run("validate", "docker-compose.yml")

    assert done.code == 1
    assert "docker-compose.yml:2: the key 'image' is given twice" in done.out


@pytest.mark.parametrize("arguments", [("--out", "build"), ("--target", "helm")])
def test_what_is_about_a_rendering_is_refused(run, arguments):
    """A Compose file of the user's has none."""
    done = run("validate", "docker-compose.yml", *arguments)

    assert done.code == 2
    assert "--target and --out are for a spec" in done.err


def test_inject_shows_the_same_findings(run, found, tmp_path):
    """Of an agent that stays, all; one that leaves keeps what is wrong with its settings."""
    text = agent(word="--log.level=debug", variable="JAEGER_TAGS=a=b") + CLIENT.format(port="6832")
    expected = {rule for rule, *_ in found(text)}
    done = run("inject", "docker-compose.yml", "--region", "cn-hangzhou", "--output", "json")

    shown = {each["id"] for each in json.loads(done.out)["findings"] if each["severity"] != "ok"}
    assert expected <= shown
