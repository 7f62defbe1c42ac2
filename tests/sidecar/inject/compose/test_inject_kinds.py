"""Kinds of public Compose files: what stays untouched, what is said, and which files are read."""

import json

import pytest

from sidecar.existing.compose.files import OVERRIDES

OVERLAY = "docker-compose.tracing.yml"
FILE = "docker-compose.yml"
TOKEN = "abcdefgh@0123456789abcde_abcdefgh@53df7ad2afe8301"
UNTOUCHED = {
    "builds": """
        build:
          context: .
          dockerfile_inline: "FROM python:3.12-slim"
          network: host
          ssh: [default]
          secrets: [pip]
          additional_contexts: {shared: ../shared}
          platforms: [linux/amd64]
    """,
    "a file that may be missing": """
        image: example.com/api:1
        env_file: [{path: ./local.env, required: false, format: raw}]
    """,
    "options of a volume": """
        image: example.com/api:1
        volumes: [{type: volume, source: named, target: /f, volume: {nocopy: true, subpath: one}}]
    """,
    "health checks": """
        image: example.com/api:1
        healthcheck: {interval: 60s, start_period: 5m, start_interval: 2s}
    """,
    "deploy": """
        image: example.com/api:1
        deploy: {replicas: 2, placement: {constraints: [node.role == worker]}, endpoint_mode: vip}
    """,
    "further keys": """
        image: example.com/api:1
        ulimits: {nofile: {soft: 100, hard: 200}}
        sysctls: {net.core.somaxconn: 1024}
        extra_hosts: ["old.internal=10.0.0.7"]
        dns: [10.0.0.2]
        shm_size: 64m
        init: true
        stop_signal: SIGINT
        cap_add: [NET_ADMIN]
        devices: ["/dev/null:/dev/tracing"]
    """,
}
REST = "volumes: {named: {}}\nsecrets: {pip: {file: ./pip}}\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a stack's file into the current folder."""
    monkeypatch.chdir(tmp_path)

    def call(text, name=FILE):
        (tmp_path / name).write_text(text)

    return call


def inject(run, *options):
    """Run inject for a region; return its report and the exit code."""
    done = run("inject", *options, "--region", "cn-hangzhou", "--output", "json")
    return json.loads(done.out), done.code


def findings(report):
    """Return (id, place, fix) of what is not fine."""
    return {(each["id"], each["place"], each["fix"]) for each in report["findings"]}


@pytest.mark.parametrize("kind", UNTOUCHED)
def test_what_a_service_has_stays(run, compose, write, kind):
    """As Compose merges it, the service differs by the additions only."""
    write(f"services:\n  api:{UNTOUCHED[kind]}\n{REST}")
    report, code = inject(run, FILE, "--service", "api")

    assert (0, {"services": 1, "agents": 1}) == (code, report["compared"])


@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override_of_each_name_is_read(run, compose, write, name):
    """The overlay lies over it, too."""
    write("services: {api: {image: 'example.com/api:1'}}\n")
    write("services: {api: {environment: {JAEGER_AGENT_HOST: agent}}}\n", name)
    report, code = inject(run, FILE)

    assert ([FILE, name], 0) == (report["files"], code)
    assert f"{name}:1" in report["services"][0]["why"]


def test_removal_names_the_files_that_the_overlay_lay_over(run, write):
    """Not those that Compose would take by itself."""
    write("services: {api: {image: 'example.com/api:1'}}\n")
    write("services: {api: {restart: always}}\n", "docker-compose.override.yml")
    write("services: {api: {environment: {JAEGER_AGENT_HOST: agent}}}\n", "prod.yml")
    inject(run, FILE, "prod.yml")
    done = run("inject", "--remove")

    assert f"docker compose -f {FILE} -f prod.yml up --detach --remove-orphans" in done.out


def test_no_advice_would_lead_spans_to_an_agent_that_cannot_take_them(run, write):
    """What reports OTLP, or Jaeger over HTTP, to a tracer still needs it."""
    write(
        "services:\n"
        "  api:\n"
        "    image: example.com/api:1\n"
        "    environment: {OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tracer:4317'}\n"
        "  legacy:\n"
        "    image: example.com/legacy:1\n"
        "    environment: {OTEL_EXPORTER_JAEGER_ENDPOINT: 'http://tracer:14268/api/traces'}\n"
        "    depends_on: [tracer]\n"
        "  tracer: {image: 'jaegertracing/all-in-one:1.54', restart: always, mem_limit: 500m}\n"
    )
    report, code = inject(run, FILE, "--service", "api", "--service", "legacy")

    assert ({"spans-past-the-agent"}, 0) == ({each["id"] for each in report["findings"]}, code)


def test_jaeger_two_without_a_tag_is_no_agent(run, write):
    """A version of the agent is no advice for it."""
    write(
        "services:\n  api: {image: 'example.com/api:1'}\n  jaeger: {image: jaegertracing/jaeger}\n"
    )
    report, _ = inject(run, FILE, "--service", "api")
    (fix,) = (fix for rule, _, fix in findings(report) if rule == "floating-image-tag")

    assert "agent" not in fix


def test_a_token_in_an_unknown_flag_is_found_at_its_line(run, write):
    """Also where another argument is before it."""
    write(
        "services:\n"
        "  agent:\n"
        "    image: jaegertracing/jaeger-agent:1.62.0\n"
        "    command:\n"
        "      - --reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883\n"
        f"      - --jaeger-tags=Authentication={TOKEN}\n"
    )
    done = run("validate", FILE, "--output", "json")
    places = {
        each["place"] for each in json.loads(done.out)["findings"] if "token-in" in each["id"]
    }

    assert {f"{FILE}:6"} == places
    assert TOKEN not in done.out


def test_the_name_of_an_exporter_is_no_host(run, write):
    """A service may have that name, and what reports to Zipkin does not report to an agent."""
    write(
        "services:\n"
        "  api:\n"
        "    image: example.com/api:1\n"
        "    environment: [OTEL_TRACES_EXPORTER=zipkin]\n"
        "  zipkin: {image: 'openzipkin/zipkin:3'}\n"
    )
    done = run("inject", FILE, "--region", "cn-shanghai", "--output", "json")
    found = json.loads(done.out)
    api = found["services"][0]

    assert (1, False, "Zipkin over HTTP, past an agent") == (
        done.code,
        api["traced"],
        api["reports"],
    )
    assert ["spans-past-the-agent", "no-traced-service"] == [
        each["id"] for each in found["findings"]
    ]


@pytest.mark.parametrize("flag", ["--dry-run", "--diff"])
def test_a_foreign_file_of_the_overlays_name_is_refused_before_it_is_written(run, write, flag):
    """What inject would refuse to write, it does not show as if it could."""
    write("services: {api: {image: 'example.com/api:1', environment: {JAEGER_AGENT_HOST: a}}}\n")
    write("services: {zipkin: {image: 'openzipkin/zipkin:3'}}\n", OVERLAY)
    done = run("inject", FILE, "--region", "cn-shanghai", flag)

    assert (1, "") == (done.code, done.out)
    assert f"{OVERLAY}: was not written by sidecar." in done.err


def test_a_dockerfile_in_the_file_shows_a_tracer(run, write):
    """Its place is that of its text; no Dockerfile of the folder counts then."""
    write(
        "services:\n"
        "  api:\n"
        "    build:\n"
        "      dockerfile_inline: |\n"
        "        FROM python:3.12-slim\n"
        "        RUN pip install jaeger-client==4.8.0\n"
    )
    done = run("inject", FILE, "--region", "cn-shanghai", "--dry-run", "--output", "json")

    assert f"jaeger-client at {FILE}:4" == json.loads(done.out)["services"][0]["why"]


def test_a_dockerfile_with_a_suffix_is_not_python_by_its_name(run, write, tmp_path):
    """Dockerfile.prod is a usual name, in any language."""
    (tmp_path / "Dockerfile.prod").write_text("FROM node:22\nCOPY . .\n", encoding="utf-8")
    write("services:\n  web:\n    build: {context: ., dockerfile: Dockerfile.prod}\n")
    done = run("inject", FILE, "--region", "cn-shanghai", "--dry-run", "--output", "json")

    assert "no sign of a tracer" == json.loads(done.out)["services"][0]["why"]


def test_a_service_without_a_container_is_refused(run, write):
    """Compose runs a program for a provider: there is no network that an agent could share."""
    write("services: {db: {provider: {type: awesomecloud, options: {size: 10}}}}\n")
    unnamed = run("inject", FILE, "--region", "cn-shanghai")
    named = run("inject", FILE, "--region", "cn-shanghai", "--service", "db")

    assert (1, True) == (unnamed.code, "db       no      run by a provider  -" in unnamed.out)
    assert f"{FILE}:1: service 'db': is run by a provider, not a service to trace." in named.err


@pytest.mark.parametrize(
    ("variables", "reports"),
    [
        ("JAEGER_HOST: jaeger", "Thrift"),
        ("JAEGER_TAGS: 'a=b:80'", "Thrift"),
        ("JAEGER_PORT: '6831'", "Thrift"),
        ("JAEGER_HOST: jaeger, JAEGER_PORT: '4317'", "OTLP, past an agent"),
        ("JAEGER_URL: 'http://jaeger:4318/v1/traces'", "OTLP, past an agent"),
        ("JAEGER_HOST: 'jaeger:14268'", "Jaeger over HTTP, past an agent"),
        ("JAEGER_URL: 'http://localhost:16686'", "unknown"),
        ("JAEGER_URL: 'https://jaeger.example.com'", "unknown"),
    ],
)
def test_a_port_in_a_variable_of_jaegers_tells_what_is_spoken(run, write, variables, reports):
    """Services name such variables as they like, also for OTLP, and for the page of Jaeger."""
    write(f"services: {{api: {{image: 'example.com/api:1', environment: {{{variables}}}}}}}\n")
    done = run("inject", FILE, "--region", "cn-shanghai", "--dry-run", "--output", "json")

    assert reports == json.loads(done.out)["services"][0]["reports"]


def test_a_command_that_sets_the_agents_address_is_said(run, write):
    """It shows a tracer, and wins over what the overlay sets."""
    write(
        "services:\n"
        "  api:\n"
        "    image: example.com/api:1\n"
        "    command: sh -c 'JAEGER_AGENT_HOST=elsewhere exec flask run'\n"
    )
    done = run("inject", FILE, "--region", "cn-shanghai", "--dry-run", "--output", "json")
    found = json.loads(done.out)

    assert f"JAEGER_AGENT_HOST at {FILE}:4" == found["services"][0]["why"]
    assert [("agent-address-in-a-command", f"{FILE}:4")] == [
        (each["id"], each["place"]) for each in found["findings"]
    ]
