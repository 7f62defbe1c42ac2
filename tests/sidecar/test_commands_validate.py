"""`sidecar validate`: all that render would refuse, and what would go wrong later."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidecar.checks.deployment import check_compose
from sidecar.engine.compose import find_compose
from sidecar.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = os.environ["PATH"]
FAST = "region: cn-beijing\ncapacity: {spans_per_second: 100000, round_trip_ms: 200}\n"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder, and without Compose: it has its own tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def findings(run) -> Callable[..., list[dict[str, Any]]]:
    """Return what validate finds, but for Compose's absence; its exit code agrees with it."""

    def call(*arguments: object) -> list[dict[str, Any]]:
        result = run("validate", *arguments, "--output", "json")
        data = json.loads(result.out)
        assert data["ok"] == (result.code == 0)
        assert data["ok"] == all(finding["severity"] != "error" for finding in data["findings"])
        assert all(finding["id"] in catalogue.rules() for finding in data["findings"])
        return [finding for finding in data["findings"] if finding["subject"] != "docker compose"]

    return call


def finding(rule: str, subject: str, cause: str, fix: str, place: str = "") -> dict[str, str]:
    """Return a finding as JSON has it."""
    return {
        "severity": catalogue.rules()[rule].severity.value,
        "subject": subject,
        "place": place,
        "cause": cause,
        "fix": fix,
        "id": rule,
    }


def test_a_region_is_valid(run) -> None:
    """Exit code 0; what could not be checked is reported."""
    result = run("validate", "--region", "cn-shanghai")

    assert (0, "") == (result.code, result.err)
    assert "warning: docker compose: not asked: " in result.out
    assert "\ncn-shanghai (tracing-analysis-dc-sh.aliyuncs.com:1883): valid\n" in result.out


def test_a_doubtful_host_is_a_warning_on_its_network(findings) -> None:
    """us-west-1's VPC host is in doubt, its public one is not."""
    cause = "us-west-1: one vendor table lists no VPC host for this region"
    expected = finding(
        "doubtful-region",
        "gateway.network",
        cause,
        "Ask the vendor, or use the public network",
        "--network",
    )

    assert [expected] == findings("--region", "us-west-1", "--network", "vpc")
    assert [] == findings("--region", "us-west-1")


def test_a_capacity_above_an_agents_ceiling_is_a_warning(findings) -> None:
    """One per service, with both figures."""
    Path("sidecar.yaml").write_text(FAST)
    found = findings("--file", "sidecar.yaml")

    assert [
        ("capacity-above-ceiling", f"services.{name}", "sidecar.yaml:2")
        for name in ("frontend", "backend")
    ] == [(one["id"], one["subject"], one["place"]) for one in found]
    cause = (
        "100,000 spans/s is above the 50,000 that its agent forwards at 200 ms in stock batches; "
        "about 50% would be lost"
    )
    assert [cause] * 2 == [one["cause"] for one in found]


IGNORING = """\
region: cn-beijing
{whole}
services:
  - {{name: web, image: "web:latest", port: 80, {own}}}
  - {{name: other, image: other, port: 80}}
"""
WEB, OTHER = "services.web.image", "services.other.image"


@pytest.mark.parametrize(
    ("whole", "own", "flags", "left"),
    [
        ("", "", [], [WEB, OTHER]),
        ("ignore: [floating-image-tag]", "", [], []),
        ("", "ignore: [floating-image-tag]", [], [OTHER]),
        ("", "ignore: [sampler-hides-traces]", [], [WEB, OTHER]),
        ("", "", ["--ignore", "floating-image-tag"], []),
        ("ignore: [vpc-gateway]", "", ["--ignore", "floating-image-tag"], []),
    ],
)
def test_an_accepted_warning_is_counted_not_shown(
    run, whole: str, own: str, flags: list[str], left: list[str]
) -> None:
    """For the whole spec, for one service, and for one run; exit code 0 as before."""
    Path("sidecar.yaml").write_text(IGNORING.format(whole=whole, own=own))
    arguments = ("--file", "sidecar.yaml", "--ignore", "compose-not-installed", *flags)
    data = json.loads(run("validate", *arguments, "--output", "json").out)
    text = run("validate", *arguments).out
    ignored = 1 + 2 - len(left)

    assert left == [found["subject"] for found in data["findings"]]
    assert ignored == data["ignored"]
    assert f"\n{ignored} ignored\n" in f"\n{text}"


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (
            "floating-image-tags",
            "'floating-image-tags' is not a rule. Did you mean floating-image-tag?",
        ),
        ("unknown-key", "unknown-key is an error. Fix the error; only warnings can be ignored"),
        ("a@b_a@c", "what looks like a token is not a rule's id. docs/checks.md lists the ids"),
    ],
)
def test_what_cannot_be_ignored_is_an_error_at_its_line(run, rule: str, cause: str) -> None:
    """A typo is reported, and an error cannot be ignored."""
    Path("sidecar.yaml").write_text(IGNORING.format(whole="", own=f'ignore: ["{rule}"]'))
    result = run("validate", "--file", "sidecar.yaml")

    assert 1 == result.code
    assert f"error: sidecar.yaml:4: services[0].ignore[0]: {cause}" in result.out


def test_a_folder_without_a_token_is_a_warning(run, findings) -> None:
    """It can still be set before the start."""
    run("render", "--region", "cn-beijing", "--out", "out")
    fix = "Run `sidecar token set --out out`"
    expected = finding(
        "token-not-set",
        "secrets/agent.yaml",
        "does not exist; the agents will not start",
        fix,
        "out/secrets/agent.yaml",
    )

    assert [expected] == findings("--region", "cn-beijing", "--out", "out")


def test_a_token_that_the_agent_cannot_read_is_an_error(run, findings) -> None:
    """A file secret keeps the host's mode."""
    run("render", "--region", "cn-beijing", "--out", "out")
    Path("out/secrets").mkdir(mode=0o700)
    token = Path("out/secrets/agent.yaml")
    token.write_text("agent: {tags: Authentication=a@b_a@c}")
    token.chmod(0o600)
    found = findings("--region", "cn-beijing", "--out", "out")
    token.chmod(0o444)

    assert [
        ("error", "the agent's user 10001:10001 cannot read it (0600)", f"Run `chmod 0444 {token}`")
    ] == [(one["severity"], one["cause"], one["fix"]) for one in found]
    assert [] == findings("--region", "cn-beijing", "--out", "out")


def test_a_stale_folder_is_a_warning(run, findings) -> None:
    """What was rendered for another network differs."""
    run("render", "--region", "local", "--out", "out")
    path = Path("out/docker-compose.yml")
    path.write_text(path.read_text() + "# edited\n")
    fix = "Render again; `sidecar render --diff` shows the difference"

    expected = finding(
        "stale-rendering", "docker-compose.yml", "differs from a fresh render", fix, str(path)
    )
    assert [expected] == findings("--region", "local", "--out", "out")


def test_a_folder_that_render_would_refuse_is_an_error(findings) -> None:
    """As render reports it."""
    Path("out").write_text("mine")

    expected = finding("folder-refused", "out", "is not a folder", "Name a folder with --out")

    assert [expected] == findings("--region", "local", "--out", "out")


def test_every_mistake_of_a_spec_is_a_finding(findings) -> None:
    """In JSON, too, with the line as its place."""
    Path("sidecar.yaml").write_text("region: 1\ngateway: {network: x}\n")

    assert [
        finding("unquoted-text", "region", "'1' is not text", "Put it in quotes", "sidecar.yaml:1"),
        finding(
            "invalid-value",
            "gateway.network",
            "'x' is not valid",
            "Use public or vpc",
            "sidecar.yaml:2",
        ),
    ] == findings("--file", "sidecar.yaml")


def test_a_file_that_is_not_a_spec_is_a_finding_with_its_place(findings) -> None:
    """There is no subject if only the line is known."""
    Path("sidecar.yaml").write_text("- region: cn-beijing\n")
    (found,) = findings("--file", "sidecar.yaml")

    assert ("", "sidecar.yaml:1") == (found["subject"], found["place"])


def test_a_token_that_is_wrong_for_the_agent_is_an_error(run, findings) -> None:
    """Key, content: each with the file as its place, and never the token."""
    run("render", "--region", "cn-beijing", "--out", "out")
    Path("out/secrets").mkdir(mode=0o700)
    token = Path("out/secrets/agent.yaml")
    token.write_text("jaeger: {tags: 'Authentication=canary,x'}")
    token.chmod(0o444)
    found = findings("--region", "cn-beijing", "--out", "out")

    assert [("error", "token", str(token))] * 2 == [
        (one["severity"], one["subject"], one["place"]) for one in found
    ]
    assert "has jaeger.tags" in found[0]["cause"]
    assert "contains a comma" in found[1]["cause"]
    assert "canary" not in json.dumps(found)


def test_what_cannot_be_planned_is_one_finding(run, findings) -> None:
    """An unknown region, for one; as text it reads as render's own message."""
    (found,) = findings("--region", "nowhere")
    result = run("validate", "--region", "nowhere")

    line = "--region: region: 'nowhere' is not in the catalogue. `sidecar regions` lists them"

    assert ("unknown-region", "region", "--region") == (
        found["id"],
        found["subject"],
        found["place"],
    )
    assert (1, f"error: {line} [unknown-region]\n") == (result.code, result.out)


@pytest.mark.usefixtures("compose")
def test_compose_itself_reads_the_rendering(run, monkeypatch) -> None:
    """If Compose is installed, it is asked."""
    monkeypatch.setenv("PATH", PATH)

    assert "docker compose" not in run("validate", "--region", "cn-shanghai").out


@pytest.mark.usefixtures("compose")
def test_compose_looks_for_files_where_the_rendering_will_be(run, monkeypatch) -> None:
    """An env file next to the spec is found from a folder that does not exist yet."""
    monkeypatch.setenv("PATH", PATH)
    Path("deploy").mkdir()
    Path("deploy/web.env").touch()
    for name in ("web", "none"):
        service = f"{{name: web, image: 'w:1', env_files: [./{name}.env]}}"
        spec = f"region: cn-beijing\nservices: [{service}]\n"
        Path(f"deploy/{name}.yaml").write_text(spec)

    def asked(name: str) -> list[str]:
        out = run(
            "validate", "--file", f"deploy/{name}.yaml", "--out", "not/yet", "--output", "json"
        ).out
        return [
            one["cause"]
            for one in json.loads(out)["findings"]
            if one["subject"] == "docker compose"
        ]

    (cause,) = asked("none")
    assert "none.env" in cause
    assert "sidecar-validate-" not in cause
    program = " ".join(find_compose().program)
    assert f"{program} --project-directory not/yet -f not/yet/docker-compose.yml" in cause
    assert [] == asked("web")


@pytest.mark.usefixtures("compose")
def test_what_compose_refuses_is_an_error(monkeypatch) -> None:
    """Its own words are the cause."""
    monkeypatch.setenv("PATH", PATH)
    (found,) = check_compose({"docker-compose.yml": "services: {a: {image: b, bogus: c}}"}, Path())

    assert ("error", "docker compose", "config") == (
        found.severity.value,
        found.subject,
        found.place,
    )
    assert "bogus" in found.cause


AS_NOBODY = """
import contextlib, io, os, sys
from sidecar.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[1:])  # imports all, from where another user may have no right to read
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("closed", ["out", "out/secrets", "out/docker-compose.yml"])
def test_a_folder_of_another_owner_is_a_finding(run, closed: str) -> None:
    """It is not a defect in the kit: path, cause and fix."""
    base = Path(tempfile.mkdtemp(dir="/tmp"))
    base.chmod(0o755)
    try:
        run("render", "--region", "cn-beijing", "--out", base / "out")
        (base / "out/secrets").mkdir()
        (base / closed).chmod(0)
        options = [
            "validate",
            "--region",
            "cn-beijing",
            "--out",
            str(base / "out"),
            "--output",
            "json",
        ]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
        command = [sys.executable, "-c", AS_NOBODY, *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment)
    finally:
        (base / closed).chmod(0o755)
        shutil.rmtree(base)

    found = [
        one["cause"]
        for one in json.loads(done.stdout)["findings"]
        if "Permission denied" in one["cause"]
    ]
    assert (1, "") == (done.returncode, done.stderr)
    assert found


@pytest.mark.usefixtures("compose")
def test_files_in_folders_of_a_rendering_are_no_hindrance(run, monkeypatch) -> None:
    """As those for Prometheus, which Compose does not read."""
    monkeypatch.setenv("PATH", PATH)
    Path("sidecar.yaml").write_text("region: local\nmonitoring: true\nwatch: true\n")

    result = run("validate", "--file", "sidecar.yaml", "--out", "not/yet")

    assert (0, "") == (result.code, result.err)


def test_compose_refuses_every_cron_at_once(findings, tmp_path) -> None:
    """A spec with four is corrected in one go."""
    path = tmp_path / "sidecar.yaml"
    crons = "".join(
        f"  - {{name: c{number}, kind: cron, image: 'c:1', job: {{schedule: '@daily'}}}}\n"
        for number in range(4)
    )
    path.write_text(f"region: cn-beijing\nservices:\n{crons}")
    found = findings("--file", path)

    assert [f"{path}:{line}" for line in (3, 4, 5, 6)] == [each["place"] for each in found]


def test_a_cron_is_refused_for_compose_at_its_line(findings, run, tmp_path) -> None:
    """`sidecar render` says the same, and writes nothing."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "region: cn-beijing\nservices:\n  - name: report\n    kind: cron\n"
        '    image: report:1.0\n    job: {schedule: "@daily"}\n'
    )
    (found,) = findings("--file", spec)

    assert ("cron-under-compose", f"{spec}:4", "services.report.kind") == (
        found["id"],
        found["place"],
        found["subject"],
    )
    refused = run("render", "--file", spec)
    assert (1, True) == (refused.code, f"{spec}:4: services.report.kind: " in refused.err)
    assert 0 == run("render", "--file", spec, "--target", "helm").code


def test_what_only_a_cluster_does_for_a_job_is_said(findings, tmp_path) -> None:
    """And a command that is known to end is no service."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "region: cn-beijing\nservices:\n"
        "  - {name: a, image: 'a:1.0', command: [alembic, upgrade, head]}\n"
        "  - {name: b, image: 'b:1.0', kind: job, job: {deadline: 10m}}\n"
    )

    assert [
        ("one-off-command", "services.a.command", f"{spec}:3"),
        ("deadline-under-compose", "services.b.job.deadline", f"{spec}:4"),
    ] == [(each["id"], each["subject"], each["place"]) for each in findings("--file", spec)]
