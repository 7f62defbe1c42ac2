"""A spec with `compose`: render, plan and validate work on the user's own stack, as inject does."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SHAPES = ROOT / "tests/golden/inject/compose"
OVERLAY = "docker-compose.tracing.yml"
FILE = "docker-compose.yml"
STACK = """\
services:
  web:
    image: registry.example.com/web:1
    environment: {JAEGER_AGENT_HOST: agent}
  db_1: {image: "postgres:16"}
"""
SPEC = "region: cn-beijing\ncompose: [docker-compose.yml]\nservices: [{name: web}]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a stack and its spec, which is the current one."""
    (tmp_path / FILE).write_text(STACK)
    (tmp_path / "sidecar.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def render(run, *options):
    """Render the spec."""
    return run("render", "--file", "sidecar.yaml", *options)


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ("several-files", "{region: cn-hangzhou, compose: [base.yml, production.yml]}"),
        (
            "spec-beside",
            (
                "{region: cn-beijing, gateway: {network: vpc}, compose: [docker-compose.yml], "
                "capacity: {spans_per_second: 8000}, "
                "services: [{name: taxi, sampling: {type: probabilistic, param: 0.25}}]}"
            ),
        ),
    ],
)
def test_render_writes_the_overlay_that_inject_writes(run, tmp_path, monkeypatch, shape, spec):
    """Byte for byte, next to the first file, from a spec that is in another folder."""
    made = shutil.ignore_patterns(OVERLAY, "printed.txt", "local-agent.yaml", "sidecar.yaml")
    shutil.copytree(SHAPES / shape, tmp_path / "deploy/stack", ignore=made)
    names = spec.partition("compose: [")[2].partition("]")[0].split(", ")
    moved = ", ".join(f"../stack/{name}" for name in names)
    (tmp_path / "deploy/specs").mkdir()
    (tmp_path / "deploy/specs/s.yaml").write_text(spec.replace(", ".join(names), moved, 1))
    monkeypatch.chdir(tmp_path)

    done = run("render", "--file", "deploy/specs/s.yaml")

    assert (0, "") == (done.code, done.err)
    expected = (SHAPES / shape / OVERLAY).read_text()
    assert expected == (tmp_path / "deploy/stack" / OVERLAY).read_text()


def test_twice_is_once_and_a_diff_says_so(run, folder):
    """--diff is empty after a render, and shows what a changed spec would change."""
    first = render(run, "--diff")
    render(run)
    same = render(run, "--diff")
    (folder / "sidecar.yaml").write_text(SPEC.replace("cn-beijing", "cn-shanghai"))
    changed = render(run, "--diff")

    assert (1, 0, 1) == (first.code, same.code, changed.code)
    assert "" == same.out
    assert "+  # Rendered" not in changed.out
    assert "+      sidecar-kit.region: cn-shanghai" in changed.out


def test_a_dry_run_prints_the_overlay(run, folder):
    """To standard output, the findings to standard error; nothing is written."""
    dry = render(run, "--dry-run")
    written = sorted(path.name for path in folder.iterdir())
    render(run)

    assert [FILE, "sidecar.yaml"] == written
    assert (folder / OVERLAY).read_text() == dry.out
    assert "SERVICE" in dry.err


def test_out_names_another_file(run, folder):
    """As for inject, --out is the overlay."""
    done = render(run, "--out", "traced.yml")

    assert 0 == done.code, done.err
    assert (folder / "traced.yml").is_file()
    assert "docker compose -f docker-compose.yml -f traced.yml up" in done.out


def test_inject_takes_the_files_of_the_spec(run, folder):
    """Without a file, `inject --file` adds agents to the spec's stack."""
    render(run)
    done = run("inject", "--file", "sidecar.yaml", "--diff")

    assert (0, "") == (done.code, done.out)


def test_the_next_steps_are_for_the_agent_of_the_spec(run, folder):
    """The images are those of the spec, and the token's file is for its agent's version."""
    (folder / "sidecar.yaml").write_text(f"{SPEC}agent: {{version: 1.15.0}}\n")
    done = render(run)

    assert "  sidecar token set --out . --agent-version 1.15.0\n" in done.out
    assert "  sidecar images --file sidecar.yaml --out .  #" in done.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("name: shop", "sidecar.yaml:4: name: is not for an overlay: with `compose`, the stack"),
        ("watch: true", "sidecar.yaml:4: watch: is not for an overlay"),
        ("monitoring: true", "sidecar.yaml:4: monitoring: is not for an overlay"),
        ("compose: []", "sidecar.yaml:4: compose: is given twice"),
    ],
)
def test_what_an_overlay_cannot_honour_is_refused_at_its_line(run, folder, line, message):
    """Fields of the kit's own project."""
    (folder / "sidecar.yaml").write_text(f"{SPEC}{line}\n")
    done = render(run)

    assert 1 == done.code
    assert f"sidecar: {message}" in done.err
    assert not (folder / OVERLAY).exists()


@pytest.mark.parametrize(
    "field",
    [
        "image: 'web:1'",
        "build: {context: .}",
        "port: 80",
        "replicas: 2",
        "environment: {A: b}",
        "volumes: ['./a:/a']",
        "resources: {memory: 64m}",
        "health: {http: /}",
    ],
)
def test_what_belongs_to_the_service_is_refused_at_its_line(run, folder, field):
    """A service that exists has its name, its sampling and what is ignored in the spec."""
    text = f"region: cn-beijing\ncompose: [{FILE}]\nservices:\n  - name: web\n    {field}\n"
    (folder / "sidecar.yaml").write_text(text)
    done = render(run)
    name = field.partition(":")[0]

    assert 1 == done.code
    assert (
        f"sidecar.yaml:5: services[0].{name}: is not for an overlay: with `compose`, the service "
        "stays as its files say. Set it in the Compose file, and remove it here "
        "[conflicting-values]\n" in done.err
    )


@pytest.mark.parametrize(
    ("field", "fix"),
    [
        ("kind: job", "Remove it: `restart` in the Compose file tells a job from a service"),
        ("kubernetes: {}", "Remove it: `sidecar inject` adds agents to manifests"),
    ],
)
def test_what_no_compose_file_can_say_is_not_sent_there(run, folder, field, fix):
    """The way round is another one."""
    text = f"region: cn-beijing\ncompose: [{FILE}]\nservices:\n  - name: web\n    {field}\n"
    (folder / "sidecar.yaml").write_text(text)

    assert f"stays as its files say. {fix} [conflicting-values]" in render(run).err


def test_a_service_that_the_file_lacks_is_refused_at_its_line(run, folder):
    """With the nearest name; names are those of the file, which may have underscores."""
    (folder / "sidecar.yaml").write_text(SPEC.replace("name: web", "name: db_2"))
    done = render(run)

    assert (
        1,
        f"sidecar: sidecar.yaml:3: services.db_2: is not in {FILE}. Did you mean db_1?\n",
    ) == (done.code, done.err)


def test_a_spec_without_services_takes_those_that_show_it(run, folder):
    """By the evidence of inject; what is not traced is in the table."""
    (folder / "sidecar.yaml").write_text("region: cn-beijing\ncompose: [docker-compose.yml]\n")
    done = render(run)

    assert "an agent for web\n" in done.out
    assert "db_1     no      database" in done.out


def test_without_evidence_it_says_why(run, folder):
    """The table and the fix, exit 1, nothing written."""
    (folder / FILE).write_text("services: {db: {image: 'postgres:16'}}\n")
    (folder / "sidecar.yaml").write_text("region: cn-beijing\ncompose: [docker-compose.yml]\n")
    done = render(run)

    assert 1 == done.code
    assert "[no-traced-service]" in done.out
    assert not (folder / OVERLAY).exists()


def test_all_regions_is_refused(run, folder):
    """A stack has one overlay."""
    assert 2 == render(run, "--all-regions").code


def test_validate_judges_the_stack_and_the_overlay(run, folder):
    """What is wrong with the spec, the stack and the files next to it; stale is a warning."""
    render(run)
    (folder / "sidecar.yaml").write_text(
        "region: cn-shanghai\ncompose: [docker-compose.yml]\n"
        "services: [{name: web, sampling: {type: const, param: 0}}]\n"
    )
    done = run("validate", "--file", "sidecar.yaml", "--output", "json")
    found = {(each["id"], each["place"]) for each in json.loads(done.out)["findings"]}

    assert 0 == done.code
    assert {
        ("sampler-hides-traces", "sidecar.yaml:3"),
        ("token-not-set", "secrets/agent.yaml"),
        ("stale-rendering", OVERLAY),
    } <= found
    assert ("agent-host-unknown", f"{FILE}:4") in found


def test_validate_asks_for_no_token_before_an_overlay_is_there(run, folder):
    """As for a region that is not rendered yet."""
    done = run("validate", "--file", "sidecar.yaml")

    assert 0 == done.code
    assert "token-not-set" not in done.out


def test_validate_does_not_show_what_the_spec_ignores(run, folder):
    """For everything, and for one service."""
    render(run)
    (folder / "sidecar.yaml").write_text(
        "region: cn-beijing\ncompose: [docker-compose.yml]\nignore: [token-not-set]\n"
        "services: [{name: web, ignore: [agent-host-unknown]}]\n"
    )
    done = run("validate", "--file", "sidecar.yaml", "--output", "json")
    ids = {each["id"] for each in json.loads(done.out)["findings"]}

    assert set() == ids & {"token-not-set", "agent-host-unknown"}
    assert 2 == json.loads(done.out)["ignored"]


def test_a_file_of_somebody_else_is_a_finding(run, folder):
    """Validate says what render would refuse."""
    (folder / OVERLAY).write_text("services: {}\n")
    done = run("validate", "--file", "sidecar.yaml")

    assert 1 == done.code
    assert f"error: {OVERLAY}: was not written by sidecar" in done.out
    assert 1 == render(run).code


def test_plan_shows_agents_over_the_files(run, folder):
    """Each agent with its arguments; the services stay as they are."""
    text = run("plan", "--file", "sidecar.yaml").out
    data = json.loads(run("plan", "--file", "sidecar.yaml", "--output", "json").out)

    assert "over     docker-compose.yml\n\nweb\n  web-agent  jaeger-agent " in text
    assert ["web"] == [service["name"] for service in data["services"]]
    assert "sidecar.yaml:2" == data["provenance"]["compose"]["source"]


def test_plan_refuses_a_stack_without_a_traced_service(run, folder):
    """With the place and the fix."""
    (folder / FILE).write_text("services: {db: {image: 'postgres:16'}}\n")
    (folder / "sidecar.yaml").write_text("region: cn-beijing\ncompose: [docker-compose.yml]\n")
    done = run("plan", "--file", "sidecar.yaml")

    assert 1 == done.code
    assert f"sidecar: {FILE}: services: no service shows that it is traced" in done.err


def test_preflight_of_a_stack_needs_its_overlay(run, folder):
    """It reads the user's files with the overlay over them."""
    done = run("verify", "--pre", "--file", "sidecar.yaml")

    assert (1, f"sidecar: {OVERLAY}: is not there. Run `sidecar render` first\n") == (
        done.code,
        done.err,
    )


def test_preflight_of_a_stack_is_not_for_a_cluster(run, folder):
    """A spec with `compose` says nothing of pods."""
    done = run("verify", "--pre", "--file", "sidecar.yaml", "--target", "kubernetes")

    assert 2 == done.code
    assert "a spec with `compose` is not for a cluster" in done.err
