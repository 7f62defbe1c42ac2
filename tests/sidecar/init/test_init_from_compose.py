"""`sidecar init --from`: the spec names the files and the services that inject would trace."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from init_findings import init_findings

from sidecar.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES = Path(__file__).parents[2] / "golden/inject/compose"
INDEX = (SHAPES / "README.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([a-z-]+) \| .* \| `(.*)` \|$", INDEX, re.MULTILINE))
OVERLAY = "docker-compose.tracing.yml"
REFUSED = {"nothing-shows-it", "only-an-agent", "no-network", "host-port-taken"}
CASES = sorted(
    name
    for name, row in ROWS.items()
    if not re.search(r"--(?!region|network)", row) and name not in REFUSED
)[::2]
"""Every other shape that a spec can say: a choice by --not, --profile or --replace is inject's."""
WITH_TOKEN = """\
services:
  web: {image: 'web:1', environment: {JAEGER_AGENT_HOST: agent, JAEGER_SAMPLER_TYPE: const}}
  db: {image: 'postgres:16', environment: {TRACING_TOKEN: canary-4711}}
  agent:
    image: jaegertracing/jaeger-agent:1.35.0
    command:
      - --reporter.grpc.host-port=tracing-analysis-dc-sh-internal.aliyuncs.com:1883
      - --agent.tags=Authentication=canary-4711
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of a stack with a token, which is the current one."""
    (tmp_path / "docker-compose.yml").write_text(WITH_TOKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_spec_is_the_overlay_of_inject(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    """By the same evidence, byte for byte; and the spec is valid by its schema."""
    made = shutil.ignore_patterns(OVERLAY, "printed.txt", "local-agent.yaml")
    shutil.copytree(SHAPES / case, tmp_path / "stack", ignore=made)
    monkeypatch.chdir(tmp_path / "stack")
    words = ROWS[case].split()
    files = [word for word in words if (tmp_path / "stack" / word).exists()]
    options = [word for word in words if word not in files]

    begun = run("init", *(f"--from={name}" for name in files or ["."]), *options)
    done = run("render", "--file", "sidecar.yaml")

    assert (0, 0) == (begun.code, done.code), begun.out + done.err
    assert (SHAPES / case / OVERLAY).read_text() == Path(OVERLAY).read_text()
    jsonschema.validate(
        yaml.safe_load(Path("sidecar.yaml").read_text()),
        json.loads(Path("sidecar.schema.json").read_text()),
    )


def test_output_and_spec_are_as_agreed(
    run, golden: Callable[[str, str], None], folder: Path
) -> None:
    """The table, the findings, the next commands; and the spec, with what can be set."""
    done = run("init", "--from", "docker-compose.yml", "--spans-per-second", "5000")

    assert (0, "") == (done.code, done.err)
    golden("init/from-compose/output.txt", done.out)
    golden("init/from-compose/sidecar.yaml", (folder / "sidecar.yaml").read_text())


def test_json_holds_all_of_it(run, folder: Path) -> None:
    """The services, those without an agent and why, findings, next commands, the spec's text."""
    data = json.loads(run("init", "--from", "docker-compose.yml", "--output", "json").out)

    assert (folder / "sidecar.yaml").read_text() == data["spec"]
    assert ("cn-shanghai", "vpc", ["web"]) == (data["region"], data["network"], data["services"])
    assert [
        {
            "service": "db",
            "image": "postgres:16",
            "place": "docker-compose.yml:3",
            "why": "database",
        },
        {
            "service": "agent",
            "image": "jaegertracing/jaeger-agent:1.35.0",
            "place": "docker-compose.yml:5",
            "why": "hand-made agent: replaced",
        },
    ] == data["left_alone"]
    assert "token-in-arguments" in {finding["id"] for finding in data["findings"]}
    assert "sidecar render --file sidecar.yaml" == data["next"][0]


def test_files_are_as_seen_from_the_spec(run, folder: Path) -> None:
    """A spec in another folder reads them where they are; a folder stands for its files."""
    (folder / "deploy").mkdir()
    run("init", "--from", "docker-compose.yml", "--out", "deploy/s.yaml")
    of_folder = run("init", "--from", ".", "--dry-run")

    assert ("../docker-compose.yml",) == load([folder / "deploy/s.yaml"]).spec.compose
    assert ["docker-compose.yml"] == yaml.safe_load(of_folder.out)["compose"]


def test_several_files_are_read_together(run, folder: Path) -> None:
    """As Compose reads several -f; the spec names all of them."""
    (folder / "prod.yml").write_text(
        "services: {db: {environment: {JAEGER_AGENT_HOST: agent}, image: 'api:1'}}\n"
    )
    done = run("init", "--from", "docker-compose.yml", "--from", "prod.yml", "--dry-run")
    spec = yaml.safe_load(done.out)

    assert ["docker-compose.yml", "prod.yml"] == spec["compose"]
    assert [{"name": "web"}, {"name": "db"}] == spec["services"]


def test_the_kits_overlay_is_not_one_of_the_files(run, folder: Path) -> None:
    """It lies over them already, and is made from the spec again."""
    run("inject", "docker-compose.yml", "--activate")
    done = run("init", "--from", ".", "--dry-run")

    assert ["docker-compose.yml"] == yaml.safe_load(done.out)["compose"]


def test_service_names_what_shows_nothing(run, folder: Path) -> None:
    """Without evidence: the table and the fix, exit 1, nothing written; --service decides."""
    (folder / "docker-compose.yml").write_text("services: {app: {image: 'app:1'}}\n")
    refused = run("init", "--from", "docker-compose.yml", "--region", "cn-beijing")
    data = json.loads(run("init", "--from", "docker-compose.yml", "--output", "json").out)
    written = sorted(path.name for path in folder.iterdir())
    done = run("init", "--from", "docker-compose.yml", "--region", "cn-beijing", "--service", "app")

    assert (1, ["docker-compose.yml"]) == (refused.code, written)
    assert "app      no      no sign of a tracer" in refused.out
    assert "[no-traced-service]" in refused.out
    assert (False, "", []) == (data["written"], data["spec"], data["next"])
    assert (0, ["app"]) == (
        done.code,
        [service.name for service in load([folder / "sidecar.yaml"]).spec.services or ()],
    )


def test_service_needs_a_compose_file(run, folder: Path) -> None:
    """It is an error of usage without --from."""
    assert 2 == run("init", "--service", "web").code


def test_a_named_region_wins_over_the_found_one(run, folder: Path) -> None:
    """With its public host; the network of the found gateway holds for its own region only."""
    init = ("init", "--from", "docker-compose.yml", "--dry-run", "--output", "json")
    other = json.loads(run(*init, "--region", "eu-west-1").out)
    same = json.loads(run(*init, "--region", "cn-shanghai").out)

    assert ("eu-west-1", "public") == (other["region"], other["network"])
    assert ("cn-shanghai", "vpc") == (same["region"], same["network"])


@pytest.mark.parametrize(
    "options", [(), ("--dry-run",), ("--diff",), ("--output", "json"), ("--region", "nowhere")]
)
def test_a_token_goes_nowhere(run, folder: Path, options: tuple[str, ...]) -> None:
    """A token of the Compose file is in no output and in no file that is written."""
    done = run("init", "--from", "docker-compose.yml", *options)
    written = [path.read_text() for path in folder.iterdir() if path.name.startswith("sidecar.")]

    assert "canary-4711" not in "".join([done.out, done.err, *written])


def test_agents_of_two_regions_are_found() -> None:
    """An overlay is for one region."""
    agents = "".join(
        f"  {city}: {{image: 'jaegertracing/jaeger-agent:1.62.0', command: "
        f"--reporter.grpc.host-port=tracing-analysis-dc-{city}.aliyuncs.com:1883}}\n"
        for city in ("hz", "bj")
    )
    web = "services:\n  web: {image: 'web:1', environment: {JAEGER_AGENT_HOST: hz}}\n"

    assert (
        "agents of the file report to cn-hangzhou, cn-beijing; an overlay is for one, "
        "here cn-hangzhou"
    ) in {finding.cause for finding in init_findings(web + agents)}


def test_no_name_reaches_the_terminal_unescaped(run, folder: Path) -> None:
    """A service's name cannot draw on the terminal or forge a line."""
    (folder / "c.yml").write_text('services: {"a\\e[31m\\nok: forged": {image: web}}')
    done = run("init", "--from", "c.yml")

    assert "\x1b" not in done.out + done.err
    assert not any(line.startswith("ok: forged") for line in done.out.splitlines())


def test_500_services_take_no_time(run, folder: Path) -> None:
    """The largest file that is read, from one anchor."""
    services = "\n".join(f"  s{n}: {{<<: *a, hostname: h{n}}}" for n in range(500))
    anchor = "x-a: &a {image: web, environment: {JAEGER_AGENT_PORT: '6831'}}"
    (folder / "c.yml").write_text(f"{anchor}\nservices:\n{services}\n")
    done = run("init", "--from", "c.yml", "--region", "local", "--dry-run", "--output", "json")

    assert 500 == len(json.loads(done.out)["services"])


def test_a_huge_value_takes_no_time(run, folder: Path) -> None:
    """No pattern reads a long word again and again."""
    word = "a" * 200_000
    web = f"{{image: {word}, environment: {{A: {word}, B: 'x@{word}@'}}, command: '-b {word}'}}"
    (folder / "c.yml").write_text(f"services: {{web: {web}}}")
    done = run("init", "--from", "c.yml", "--service", "web", "--region", "local", "--dry-run")

    assert 0 == done.code
