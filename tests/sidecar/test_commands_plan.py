"""`sidecar plan`."""

from __future__ import annotations

import json

import pytest

from sidecar.checkout import find_checkout

SPEC = """region: cn-beijing
services: [{name: web, image: "web:1", port: 80}]
agent: {version: 1.17.0}
capacity: {spans_per_second: 8000, round_trip_ms: 300}
"""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Run outside of the checkout, so that nothing depends on where it lies."""
    monkeypatch.chdir(tmp_path)


def test_the_text_is_the_golden_one(run, golden) -> None:
    """Gateway, services, images, tuning and arguments."""
    golden("plan/local.txt", run("plan", "--region", "local").out)


def test_the_json_is_the_golden_one(run, golden) -> None:
    """The plan is the same that a target gets."""
    golden(
        "plan/eu-central-1-vpc.json",
        run("plan", "--region", "eu-central-1", "--network", "vpc", "--output", "json").out,
    )


def test_the_json_has_the_agents_arguments(run) -> None:
    """services[].agent.argv is a list of strings as the agent gets them."""
    plan = json.loads(run("plan", "--region", "cn-shenzhen", "--output", "json").out)

    for service in plan["services"]:
        argv = service["agent"]["argv"]
        assert all(isinstance(argument, str) for argument in argv)
        assert "--reporter.grpc.host-port=tracing-analysis-dc-sz.aliyuncs.com:1883" in argv


def test_a_spec_decides_and_flags_win_over_it(run, tmp_path) -> None:
    """--region and --network replace the file's; the rest is the file's."""
    (tmp_path / "sidecar.yaml").write_text(SPEC)
    plan = json.loads(
        run("plan", "--file", "sidecar.yaml", "--network", "vpc", "--output", "json").out
    )
    other = json.loads(
        run("plan", "--file", "sidecar.yaml", "--region", "eu-west-1", "--output", "json").out
    )
    agent = plan["services"][0]["agent"]

    assert ("cn-beijing", "vpc", "eu-west-1") == (
        plan["region"],
        plan["gateway"]["network"],
        other["region"],
    )
    assert ("web", "1.17.0", 384) == (
        plan["services"][0]["name"],
        agent["version"],
        agent["tuning"]["workers"],
    )
    assert "--admin-http-port=14271" in agent["argv"]


def test_a_folder_in_the_checkout_builds_from_it(run) -> None:
    """The plan's source leads from the output folder to the checkout; none is needed elsewhere."""
    checkout = find_checkout()
    assert checkout is not None
    inside = json.loads(
        run("plan", "--region", "local", "--out", checkout / "build/x", "--output", "json").out
    )
    outside = json.loads(run("plan", "--region", "local", "--output", "json").out)

    assert ("../..", None) == (inside["source"], outside["source"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            (
                "region: is not given. Give --region ID, or `region: ID` in a spec, "
                "with --file sidecar.yaml [missing-region]"
            ),
        ),
        (
            ["--region", "local", "--network", "vpc"],
            "region local: has no vpc host. Use --network public [network-without-host]",
        ),
        (
            ["--file", "none.yaml"],
            (
                "none.yaml: No such file or directory. Check the path and its permissions"
                " [unreadable-file]"
            ),
        ),
    ],
)
def test_what_cannot_be_planned_is_one_message(run, arguments: list[str], message: str) -> None:
    """Exit code 1, nothing on standard output."""
    result = run("plan", *arguments)

    assert (1, "", f"sidecar: {message}\n") == (result.code, result.out, result.err)


def test_what_does_not_fit_together_names_the_line_that_said_it(run, tmp_path) -> None:
    """Found only when all is decided, and reported where it was written."""
    (tmp_path / "a.yaml").write_text(
        "region: cn-beijing\ngateway:\n  host: gw.example.com\n  tls: true\n"
    )
    host = run("plan", "--file", "a.yaml").err
    (tmp_path / "b.yaml").write_text(
        "gateway: {allow: [gw.example.com]}\nagent: {version: 1.16.0}\n"
    )
    tls = run("plan", "--file", "a.yaml", "--file", "b.yaml").err

    assert host.startswith(
        "sidecar: a.yaml:3: gateway.host: 'gw.example.com' is not in the catalogue, and a token"
    )
    assert (
        "sidecar: a.yaml:4: gateway.tls: agent 1.16.0 is not known to support TLS. Use "
        "1.18.0 or later [agent-without-tls]\n"
    ) == tls


def test_the_text_shows_where_each_setting_came_from(run, tmp_path, monkeypatch) -> None:
    """A column of the table of settings, for each level of precedence."""
    (tmp_path / "base.yaml").write_text(
        "region: cn-beijing\nservices:\n- {name: web, image: 'web:1', port: 80}\n"
    )
    (tmp_path / "prod.yaml").write_text(
        'services: [{name: web, replicas: 2, publish: 80, environment: {A: "b\\n"}}]\n'
    )
    monkeypatch.setenv("SIDECAR_CAPACITY_ROUND_TRIP_MS", "30")
    out = run("plan", "--file", "base.yaml", "--file", "prod.yaml", "--network", "vpc").out
    rows = {tuple(line.split()) for line in out.partition("SETTING")[2].splitlines()[1:]}

    assert {
        ("region", "cn-beijing", "base.yaml:1"),
        ("gateway.network", "vpc", "--network"),
        ("gateway.port", "-", "default"),
        ("services.web.image", "web:1", "base.yaml:3"),
        ("services.web.replicas", "2", "prod.yaml:1"),
        ("services.web.environment.A", '"b\\n"', "prod.yaml:1"),
        ("capacity.round_trip_ms", "30", "$SIDECAR_CAPACITY_ROUND_TRIP_MS"),
    } <= rows
    assert "web  2 replicas, port 80, published on 127.0.0.1:80-81, image web:1" in out


def test_the_json_has_each_settings_source(run, tmp_path) -> None:
    """provenance: path → value and source; a worker has no port."""
    (tmp_path / "a.yaml").write_text("services: [{name: web, image: 'web:1'}]\n")
    result = run("plan", "--file", "a.yaml", "--region", "cn-beijing", "--output", "json")

    assert {"value": "web:1", "source": "a.yaml:1"} == json.loads(result.out)["provenance"][
        "services.web.image"
    ]
    assert (
        "web  no port, image web:1" in run("plan", "--file", "a.yaml", "--region", "cn-beijing").out
    )


def test_every_mistake_of_a_spec_is_printed(run, tmp_path) -> None:
    """All lines in one run."""
    (tmp_path / "sidecar.yaml").write_text("region: 1\ngateway: {network: 2}\n")

    assert [
        "sidecar: sidecar.yaml:1: region: '1' is not text. Put it in quotes [unquoted-text]",
        "sidecar.yaml:2: gateway.network: '2' is not valid. Use public or vpc [invalid-value]",
    ] == run("plan", "--file", "sidecar.yaml").err.splitlines()


def test_an_installed_package_has_no_checkout(monkeypatch, tmp_path) -> None:
    """A package without a Dockerfile next to it is not a checkout."""
    (tmp_path / "sidecar").mkdir()
    monkeypatch.setattr("sidecar.__file__", str(tmp_path / "sidecar" / "__init__.py"))

    assert find_checkout() is None


# Two kinds ------------------------------------------------------------------------------------


def test_kinds_are_compared(run) -> None:
    """What is the same for all services is one row; what does not differ is none."""
    result = run("plan", "--region", "cn-shanghai", "--compare", "agent,collector")
    rows = [line.split("  ")[0] for line in result.out.splitlines()]

    assert (0, "") == (result.code, result.err)
    assert ["WHAT", "gateway", "token", "further containers", "image"] == rows[:5]
    assert "frontend" not in result.out


def test_compared_kinds_are_data(run) -> None:
    """Both services are named there."""
    words = ("plan", "--region", "cn-shanghai", "--compare", "collector,jaeger-agent")
    found = json.loads(run(*words, "--output", "json").out)
    memory = {each["service"]: each for each in found if each["what"] == "memory"}

    assert {"frontend", "backend"} == set(memory)
    assert "192 MiB" == memory["frontend"]["jaeger-agent"]
    assert "256 MiB" == memory["frontend"]["collector"]


@pytest.mark.parametrize(
    "kinds", ["agent", "agent,agent", "agent,jaeger-agent", "agent,nothing", ""]
)
def test_what_cannot_be_compared_is_refused(run, kinds) -> None:
    """The message names an example."""
    result = run("plan", "--region", "cn-shanghai", f"--compare={kinds}")

    assert (2, "") == (result.code, result.out)
    assert "agent,collector" in result.err


def test_what_is_set_for_one_kind_is_left_out_for_the_other(run, tmp_path) -> None:
    """A collector's settings would be an error for an agent."""
    spec = tmp_path / "sidecar.yaml"
    spec.write_text(
        "region: cn-shanghai\n"
        "gateway: {protocol: otlp-http}\n"
        "agent: {kind: collector, version: 0.160.0, buffer: 10m}\n"
    )
    result = run("plan", "--file", spec, "--compare", "agent,collector")

    assert 0 == result.code, result.err
    assert "jaeger-agent:1.62.0" in result.out
    assert "opentelemetry-collector-k8s:0.160.0" in result.out
