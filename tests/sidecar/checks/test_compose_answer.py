"""What Compose itself says of a stack: validate, init and inject ask it, and say it alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzzing import cases
from hypothesis import given
from hypothesis import strategies as st

from sidecar.commands._files import findings_of
from sidecar.errors import SidecarError
from sidecar.findings import Severity
from sidecar.regions import load_regions

REGIONS = load_regions()
AGENT = """\
services:
  agent:
    image: jaegertracing/jaeger-agent:1.62.0
    command: [--reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883]
  web:
    image: web:1
    environment: {JAEGER_AGENT_HOST: agent}
"""
REFUSED = {
    "a list that is none": ("    ports: web\n", 8, "services.web.ports must be a array"),
    "an unknown key": ("    port: [80]\n", 8, "additional properties 'port' not allowed"),
    "a service that is none": ("    depends_on: [typo]\n", 8, 'undefined service "typo"'),
    "a network that is none": ("    networks: [typo]\n", 8, "undefined network typo"),
    "a volume that is none": ("    volumes: ['typo:/x']\n", 8, "undefined volume typo"),
    "a secret that is none": ("    secrets: [typo]\n", 8, "undefined secret typo"),
    "an env file that is none": ("    env_file: ./no.env\n", 8, "no.env not found"),
    "a variable without a value": ("    user: ${NO_SUCH:?say who}\n", 8, "say who"),
    "a variable without an end": ("    user: ${NO_SUCH\n", 8, "invalid interpolation format"),
    "a size that is none": ("    shm_size: lots\n", 8, "invalid size: 'lots'"),
    "an unknown key of the file": ("versoin: '3'\n", 8, "additional properties 'versoin'"),
    "an unknown key of a network": (
        "networks:\n  n:\n    mtu: 1\n",
        10,
        "networks.n additional properties 'mtu'",
    ),
    "volumes that are no map": ("volumes: [data]\n", 8, "volumes must be a mapping"),
    "a volume that is no map": ("volumes:\n  data: x\n", 9, "volumes.data must be a mapping"),
    "a secret without a source": ("secrets:\n  key: {}\n", 9, "secrets.key: one of file"),
    "a port that is none": ("    ports: ['1:x']\n", None, "invalid containerPort: x"),
}


@pytest.fixture
def stack(tmp_path, monkeypatch, compose):
    """Return a function: it writes a Compose file of an agent and a service."""
    monkeypatch.chdir(tmp_path)
    return lambda more: Path("docker-compose.yml").write_text(AGENT + more)


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize(
    "command", [["validate", "docker-compose.yml"], ["init", "--from", "docker-compose.yml"]]
)
def test_what_compose_refuses_is_an_error_at_its_line(run, stack, case, command) -> None:
    """With Compose's own words; init then writes nothing."""
    more, line, words = REFUSED[case]
    stack(more)
    done = run(*command, "--output", "json")
    (found,) = (
        each
        for each in json.loads(done.out)["findings"]
        if each["id"] == "stack-refused-by-compose"
    )

    assert 1 == done.code
    assert ("error", True) == (found["severity"], words in found["cause"])
    assert (f"docker-compose.yml:{line}" if line else "docker-compose.yml") == found["place"]
    assert not Path("sidecar.yaml").exists()


def test_inject_says_the_same(run, stack) -> None:
    """One question has one answer."""
    stack("    user: ${NO_SUCH:?say who}\n")
    told = run("validate", "docker-compose.yml").out.splitlines()
    done = run("inject", "docker-compose.yml")

    assert done.err.removeprefix("sidecar: ").strip() in [
        line.removeprefix("error: ") for line in told
    ]


def test_what_compose_reads_with_a_variable_of_the_shell_is_valid(run, stack, monkeypatch) -> None:
    """It is asked with the files and the environment that `docker compose up` would have."""
    stack("    user: ${NO_SUCH:?say who}\n")
    monkeypatch.setenv("NO_SUCH", "me")

    assert 0 == run("validate", "docker-compose.yml").code


def test_no_answer_shows_a_token(run, stack) -> None:
    """Compose repeats the value that it cannot read."""
    token = "abcdefgh@0123456789abcde_abcdefgh@53df7ad2afe8301"
    stack(f"    labels: {{x: '{token} ${{NO_SUCH'}}\n")
    done = run("validate", "docker-compose.yml")

    assert (1, True) == (done.code, "invalid interpolation format" in done.out)
    assert token not in done.out + done.err


PROFILES = """\
  db: {image: 'db:1', profiles: [full]}
  job: {image: 'job:1', depends_on: [db]}
"""
ONE_NAME = """\
  db: {image: 'db:1', container_name: shop-db, profiles: [one]}
  other: {image: 'db:2', container_name: shop-db, profiles: [two]}
"""


@pytest.mark.parametrize("more", [PROFILES, ONE_NAME], ids=["with all", "with none"])
def test_an_overlay_needs_one_set_of_profiles_that_compose_reads(run, stack, more) -> None:
    """Some stacks are read with all profiles only, some only without them."""
    stack(more)

    assert 0 == run("inject", "docker-compose.yml", "--dry-run").code
    assert 0 == run("init", "--from", "docker-compose.yml", "--dry-run").code


def test_validate_asks_with_the_profiles_that_are_active(run, stack, monkeypatch) -> None:
    """As `docker compose up` would start the stack here."""
    stack(PROFILES)

    assert 1 == run("validate", "docker-compose.yml").code

    monkeypatch.setenv("COMPOSE_PROFILES", "full")

    assert 0 == run("validate", "docker-compose.yml").code


def test_files_of_one_folder_are_one_stack(run, stack) -> None:
    """The second alone is none, as Compose says; over the first it is."""
    stack("")
    Path("docker-compose.prod.yml").write_text("services: {web: {restart: always}}\n")

    assert 1 == run("validate", "docker-compose.prod.yml").code
    assert 0 == run("validate", "docker-compose.yml", "docker-compose.prod.yml").code


def test_without_compose_one_line_says_that_it_was_not_asked(run, stack, monkeypatch) -> None:
    """The kit judges what it reads."""
    stack("    port: [80]\n")
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("validate", "docker-compose.yml")

    assert (0, 1) == (done.code, len(done.err.splitlines()))
    assert "Compose was not asked whether it reads docker-compose.yml: " in done.err


_SCALARS = (
    "",
    "~",
    "''",
    "0",
    "-1",
    "1.5",
    "true",
    "a",
    "a b",
    "0x10",
    "1e3",
    ".5g",
    "2020-01-01",
    "80:80",
    "'1:2:3'",
    "'80-82:80-82'",
    "'${X'",
    "'${X:?no}'",
    "'${X:-${Y:-1}}'",
    "'${X:+z}'",
    "'$$X'",
    "'a$'",
    "!reset x",
    "!override x",
    "!ours x",
    "*one",
)
_VALUES = (
    *_SCALARS,
    "{a: b}",
    "{'': x}",
    "{<<: *map}",
    "{target: 80}",
    "{path: a.env}",
    "[]",
    "{}",
)
_KEYS = (
    "command",
    "container_name",
    "depends_on",
    "deploy",
    "entrypoint",
    "env_file",
    "environment",
    "extends",
    "healthcheck",
    "labels",
    "links",
    "mem_limit",
    "network_mode",
    "networks",
    "ports",
    "profiles",
    "scale",
    "x-own",
)
_FUZZED = "x-map: &map {a: '1'}\nx-one: &one '1'\nservices:\n  web:\n    image: web:1\n    %s: %s\n"


@cases(0.15)
@given(
    st.sampled_from(_KEYS),
    st.one_of(
        st.sampled_from(_VALUES),
        st.lists(st.sampled_from(_VALUES), min_size=1, max_size=2).map(
            lambda found: f"[{', '.join(value or '~' for value in found)}]"
        ),
    ),
)
def test_the_kit_reads_what_compose_reads(compose, tmp_path_factory, turn, key, value) -> None:
    """Whatever stands at a key: no defect, and only Compose's own refusals."""
    path = tmp_path_factory.mktemp("stack") / "docker-compose.yml"
    path.write_text(_FUZZED % (key, value))
    objection = compose.objection([path], [], 60)
    ids = _errors_and_doubts(path)

    assert bool(objection) == bool(ids), path.read_text()


def _errors_and_doubts(path: Path) -> set[str]:
    """Return the ids of a stack's errors, and of values that the kit cannot read."""
    try:
        found = list(findings_of([path], REGIONS))
    except SidecarError as error:
        return {str(error)}
    doubts = {"unreadable-value", "broken-extends"}
    return {each.id for each in found if each.severity is Severity.ERROR or each.id in doubts}
