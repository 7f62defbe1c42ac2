"""Compose files like those of well-known projects, with init's findings and spec for each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from sidecar.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = Path(__file__).with_name("compose")
CASES = sorted(folder.name for folder in FILES.iterdir())
WITH_TOKEN = ["embedded", "greeter-argv", "legacy-v2", "orders-argv", "orders-env"]


@pytest.fixture
def folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a copy of a case's folder, as the current one."""
    copy = tmp_path / "project"
    shutil.copytree(FILES / request.param, copy)
    monkeypatch.chdir(copy)
    return copy


def compose_file(folder: Path) -> str:
    """Return the name of a case's file."""
    return next(
        path.name for path in sorted(folder.iterdir()) if path.stem in ("compose", "docker-compose")
    )


@pytest.mark.parametrize("folder", CASES, indirect=True)
def test_findings_and_spec_are_as_agreed(
    run, golden: Callable[[str, str], None], folder: Path, request
) -> None:
    """Findings at FILE:LINE, untraced services, the next commands; and the spec, byte for byte."""
    case = request.node.callspec.params["folder"]
    result = run("init", "--from", compose_file(folder))

    assert (0, "") == (result.code, result.err)
    golden(f"init/{case}/output.txt", result.out)
    golden(f"init/{case}/sidecar.yaml", Path("sidecar.yaml").read_text())


@pytest.mark.parametrize("folder", CASES, indirect=True)
def test_the_spec_is_read_back(run, folder: Path) -> None:
    """The spec's reader accepts it without a warning, as do its schema and plan."""
    report = json.loads(run("init", "--from", compose_file(folder), "--output", "json").out)
    loaded = load([Path("sidecar.yaml")])

    assert report["services"] == [service.name for service in loaded.spec.services or ()]
    assert report["region"] == loaded.spec.region
    assert report["network"] == loaded.spec.gateway.network
    jsonschema.validate(
        yaml.safe_load(Path("sidecar.yaml").read_text()),
        json.loads(Path("sidecar.schema.json").read_text()),
    )
    assert 0 == run("plan", "--file", "sidecar.yaml").code


@pytest.mark.parametrize("folder", CASES, indirect=True)
def test_the_compose_file_is_only_read(run, folder: Path) -> None:
    """Nothing in the folder changes but the spec and its schema, which are new."""
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    run("init", "--from", compose_file(folder))
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}

    assert {"sidecar.yaml", "sidecar.schema.json"} == after.keys() - before.keys()
    assert before == {name: after[name] for name in before}


@pytest.mark.parametrize("folder", WITH_TOKEN, indirect=True)
@pytest.mark.parametrize(
    "options", [(), ("--dry-run",), ("--diff",), ("--output", "json"), ("--region", "nowhere")]
)
def test_a_token_goes_nowhere(run, folder: Path, options: tuple[str, ...]) -> None:
    """A token of the Compose file is in no output and in no file that is written."""
    result = run("init", "--from", compose_file(folder), *options)
    written = [path.read_text() for path in folder.iterdir() if path.name.startswith("sidecar.")]

    assert "canary" not in "".join([result.out, result.err, *written])


@pytest.mark.parametrize("folder", ["orders-argv"], indirect=True)
def test_json_holds_all_of_it(run, golden: Callable[[str, str], None], folder: Path) -> None:
    """--output json: findings with severity, id and fix, untraced services, the spec's text."""
    result = run("init", "--from", "docker-compose.yml", "--output", "json")
    report = json.loads(result.out)

    assert Path("sidecar.yaml").read_text() == report.pop("spec")
    golden("init/orders-argv/report.json", json.dumps(report, indent=2) + "\n")


@pytest.mark.parametrize("folder", ["orders-argv"], indirect=True)
def test_a_named_region_wins_over_the_found_one(run, folder: Path) -> None:
    """--region and --network decide; without them the agent's gateway does."""
    init = ("init", "--from", "docker-compose.yml", "--output", "json")
    named = json.loads(run(*init, "--region", "eu-west-1", "--network", "vpc").out)
    found = json.loads(run(*init, "--force").out)

    assert ("eu-west-1", "vpc") == (named["region"], named["network"])
    assert ("cn-shanghai", "public") == (found["region"], found["network"])


@pytest.mark.parametrize("folder", ["orders-argv"], indirect=True)
def test_a_given_capacity_is_used_and_written(run, folder: Path) -> None:
    """The loss follows from the given rate and round trip, and the spec has them."""
    init = ("init", "--from", "docker-compose.yml")
    run(*init, "--spans-per-second", "300", "--round-trip-ms", "200")
    result = run(*init, "--spans-per-second", "5000", "--round-trip-ms", "30", "--dry-run")

    assert load([Path("sidecar.yaml")]).spec.capacity.spans_per_second == 300
    assert (
        "10 workers forward 3,333 spans/s at 30 ms: "
        "of 10,000 spans/s from 2 containers, 67 % are lost" in result.err
    )


@pytest.mark.parametrize("folder", ["shop-django"], indirect=True)
def test_paths_follow_a_spec_in_another_folder(run, folder: Path) -> None:
    """Relative paths are as seen from the spec's folder, as the spec's reader resolves them."""
    Path("deploy").mkdir()
    run("init", "--from", "docker-compose.yml", "--out", "deploy/sidecar.yaml")
    web = next(iter(load([Path("deploy/sidecar.yaml")]).spec.services or ()))

    assert "../app" == (web.build and web.build.context)
    assert ("../.env.prod",) == web.env_files
    assert ["static_volume", "../media"] == [volume.source for volume in web.volumes]


def test_the_checkouts_own_rendering_is_read(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A rendering of the kit has no hand-made agent; its services are taken over."""
    shutil.copy(FILES.parents[3] / "docker-compose.yml", tmp_path)
    monkeypatch.chdir(tmp_path)
    report = json.loads(
        run(
            "init", "--from", "docker-compose.yml", "--region", "cn-shanghai", "--output", "json"
        ).out
    )

    assert ["frontend", "backend"] == report["services"]
    assert {"the kit's own"} == {one["why"] for one in report["left_alone"]}


def test_readme_quotes_findings_of_init() -> None:
    """README's findings are those of the case orders-argv, up to the ellipsis."""
    root = FILES.parents[3]
    quoted = [
        line
        for line in (root / "README.md").read_text().splitlines()
        if line.startswith("warning: docker-comp")
    ]
    output = (root / "tests/golden/init/orders-argv/output.txt").read_text()

    assert 4 == len(quoted)
    assert [] == [line for line in quoted if f"\n{line.removesuffix('…')}" not in f"\n{output}"]
