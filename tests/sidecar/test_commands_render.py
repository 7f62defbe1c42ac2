"""`sidecar render`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from vendor_table import ROWS

from sidecar.checkout import find_checkout
from sidecar.image_names import IMAGES_COMMENT

if TYPE_CHECKING:
    from collections.abc import Callable


RENDERED = ["docker-compose.yml", "helm/", "values.yaml"]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_a_region_goes_to_build_by_default(run, tmp_path) -> None:
    """It reports what it wrote, for which gateway, and the next step."""
    result = run("render", "--region", "cn-shenzhen")

    assert (0, "") == (result.code, result.err)
    gateway = "tracing-analysis-dc-sz.aliyuncs.com:1883"
    assert [
        f"build/cn-shenzhen: docker-compose.yml, helm/, values.yaml for cn-shenzhen ({gateway})",
        "  next, for Compose:    sidecar token set --out build/cn-shenzhen",
        f"                        sidecar images --out build/cn-shenzhen  {IMAGES_COMMENT}",
        "  next, for Kubernetes: sidecar token set --kubernetes-secret tracing --apply",
        "                        helm install sidecar build/cn-shenzhen/helm --wait",
    ] == result.out.splitlines()
    assert [f"build/cn-shenzhen/{name}" for name in RENDERED] == files(tmp_path)


def test_a_first_render_of_the_sample_names_the_images_step(run) -> None:
    """No token is needed there, but no registry has the sample; only the first render says so."""
    Path("my spec.yaml").write_text("region: local\n")
    first, second = (run("render", "--file", "my spec.yaml").out.splitlines() for _ in range(2))

    command = "sidecar images --file 'my spec.yaml' --out build/local"
    assert f"  next, for Compose:    {command}  {IMAGES_COMMENT}" == first[1]
    assert 1 == len(second)


def test_a_spec_in_this_folder_is_pointed_to(run) -> None:
    """It names a region, so --file is enough."""
    without = run("render").err
    Path("sidecar.yaml").write_text("# region: x\nregion: cn-beijing\n")

    assert "Give --region ID, or `region: ID` in a spec, with --file sidecar.yaml" in without
    assert "Give --file sidecar.yaml, which names one, or --region ID" in run("validate").out
    Path("sidecar.yaml").write_text("# region: x\n")
    assert without == run("render").err


def test_a_spec_in_a_folder_whose_name_is_no_text_is_refused(run) -> None:
    """Its path would be in the rendering, but YAML cannot hold it and Compose refuses it."""
    folder = Path(os.fsdecode(b"x\xff"))
    folder.mkdir()
    spec = folder / "sidecar.yaml"
    spec.write_text("region: local\nservices: [{name: web, build: {context: app}}]\n")
    rendered, validated = (
        run(command, "--file", spec, "--out", "out") for command in ("render", "validate")
    )

    assert (1, 1) == (rendered.code, validated.code)
    assert (
        "sidecar: a path or text: holds bytes that are not UTF-8, and YAML cannot hold them"
        in rendered.err
    )
    assert "error: a path or text: holds bytes" in validated.out
    assert not Path("out").exists()


def files(folder: Path) -> list[str]:
    """Return the files below a folder; a chart as one."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    return sorted({re.sub(r"(^|/)helm/.*", r"\1helm/", name) for name in found})


@pytest.mark.parametrize(
    "out", ["a", "a/b/c", "a/", "./a", "../{name}/a", "{tmp_path}/a", ".", "a b"]
)
def test_out_is_any_folder(run, tmp_path, out: str) -> None:
    """Relative, absolute, new, nested, with a slash or a blank: the rendering itself is in it."""
    folder = out.format(tmp_path=tmp_path, name=tmp_path.name)

    assert 0 == run("render", "--region", "local", "--out", folder).code
    assert sorted([*RENDERED, "local-agent.yaml"]) == files(Path(folder))


def test_the_next_step_can_be_pasted(run) -> None:
    """A folder with a blank is quoted; an agent whose key differs is named by version."""
    Path("spec.yaml").write_text("agent: {version: 1.15.0}")
    result = run("render", "--region", "cn-beijing", "--out", "a b", "--file", "spec.yaml")

    assert "sidecar token set --out 'a b' --agent-version 1.15.0\n" in result.out
    assert " --apply --agent-version 1.15.0\n" in result.out


def test_a_token_that_is_there_needs_no_next_step(run) -> None:
    """Nor does the region local, which has its own."""
    run("render", "--region", "cn-beijing", "--out", "a")
    Path("a/secrets").mkdir()
    Path("a/secrets/agent.yaml").touch()

    assert "next:" not in run("render", "--region", "cn-beijing", "--out", "a").out
    assert "next:" not in run("render", "--region", "local", "--out", "b").out


def test_all_regions_go_to_a_folder_each(run, tmp_path) -> None:
    """All but local, each with its own host."""
    result = run("render", "--all-regions", "--network", "vpc", "--out", "all")

    assert 0 == result.code
    assert sorted(f"{row.id}/{name}" for row in ROWS for name in RENDERED) == files(
        tmp_path / "all"
    )
    for row in ROWS:
        command = yaml.safe_load(Path(f"all/{row.id}/docker-compose.yml").read_text())["services"][
            "backend-agent"
        ]["command"]
        assert f"--reporter.grpc.host-port={row.vpc}:1883" in command


def test_nothing_is_written_unless_every_region_can_be(run, tmp_path) -> None:
    """One folder that belongs to somebody else stops all."""
    Path("all").mkdir()
    Path("all/cn-beijing").write_text("mine")
    result = run("render", "--all-regions", "--out", "all")

    assert (1, "") == (result.code, result.out)
    assert (
        "sidecar: all/cn-beijing: is not a folder. Name a folder with --out [folder-refused]\n"
        == result.err
    )
    assert ["cn-beijing"] == files(tmp_path / "all")


def test_two_renders_are_equal_byte_for_byte(run) -> None:
    """Also across processes with different hash seeds."""
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "sidecar", "render", "--region", "local", "--out", seed]
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        )

    assert Path("1/docker-compose.yml").read_bytes() == Path("2/docker-compose.yml").read_bytes()


def test_diff_writes_nothing_and_exits_1_where_anything_would_change(run, tmp_path) -> None:
    """A unified diff on standard output."""
    result = run("render", "--region", "local", "--out", "a", "--diff")

    assert (1, "") == (result.code, result.err)
    assert "+++ a/docker-compose.yml (new)\n" in result.out
    assert [] == files(tmp_path)


def test_diff_of_a_fresh_render_is_empty(run) -> None:
    """Exit code 0, no output."""
    run("render", "--region", "local", "--out", "a")

    assert (0, "", "") == tuple(
        vars(run("render", "--region", "local", "--out", "a", "--diff")).values()
    )


def test_the_committed_files_are_fresh(run, monkeypatch) -> None:
    """The documented test: `sidecar render --region local --out . --diff` in the checkout."""
    monkeypatch.chdir(str(find_checkout()))

    assert (0, "", "") == tuple(
        vars(run("render", "--region", "local", "--out", ".", "--diff")).values()
    )


@pytest.mark.parametrize("arguments", [["--region", "cn-beijing"], ["--region", "local"]])
def test_a_token_is_not_touched_by_a_render(run, arguments: list[str]) -> None:
    """Secrets and the user's own files stay as they are."""
    Path("a/secrets").mkdir(parents=True)
    Path("a/secrets/agent.yaml").write_text("token")
    Path("a/.env").write_text("MINE=1")
    run("render", *arguments, "--out", "a")

    assert ("token", "MINE=1") == (
        Path("a/secrets/agent.yaml").read_text(),
        Path("a/.env").read_text(),
    )


def test_a_killed_render_leaves_the_region_whole_or_absent(
    run, start: Callable[..., subprocess.Popen[bytes]], tmp_path
) -> None:
    """SIGKILL at several moments: a folder at the final name always holds the whole file."""
    run("render", "--region", "cn-beijing", "--out", "whole")
    whole = Path("whole/docker-compose.yml").read_bytes()
    for delay in range(6):
        out = tmp_path / str(delay)
        process = start("render", "--region", "cn-beijing", "--out", out)
        try:
            process.wait(0.08 + 0.03 * delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if out.exists():
            assert whole == (out / "docker-compose.yml").read_bytes()


def _holding(*names: str) -> Path:
    folder = Path("folder")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    return folder


@pytest.mark.parametrize("names", [("thesis.txt",), ("src/app.py", "README.md"), (".bashrc",)])
def test_a_folder_of_other_files_is_refused(run, names) -> None:
    """As / and a home are: a typing error scatters no files there. validate says it, too."""
    folder = _holding(*names)
    done = run("render", "--region", "cn-shenzhen", "--out", folder)
    judged = run("validate", "--region", "cn-shenzhen", "--out", folder)

    assert (1, 1) == (done.code, judged.code)
    assert "and nothing that sidecar wrote. Name a new or an empty folder" in done.err
    assert done.err.endswith("with --out, or give --force [folder-of-others]\n")
    assert "[folder-of-others]" in judged.out
    assert sorted(f"folder/{name}" for name in names) == sorted(files(Path()))


@pytest.mark.parametrize("regions", [["--region", "cn-shenzhen"], ["--all-regions"]])
def test_the_root_is_refused(run, regions) -> None:
    """Also for a user who may write there."""
    done = run("render", *regions, "--out", "/")

    assert (1, True) == (done.code, "[folder-of-others]" in done.err)


def test_all_regions_are_scattered_among_no_others(run) -> None:
    """Unless a region was rendered there before, or the spec is there."""
    folder = _holding("thesis.txt")
    refused = run("render", "--all-regions", "--out", folder)
    names = files(Path())
    forced = run("render", "--region", "cn-shenzhen", "--out", folder / "cn-shenzhen")

    assert (1, 0) == (refused.code, forced.code)
    assert "folder: holds thesis.txt, and nothing that sidecar wrote" in refused.err
    assert ["folder/thesis.txt"] == sorted(names)
    assert 0 == run("render", "--all-regions", "--out", folder).code
    assert 0 == run("render", "--all-regions").code


def test_force_writes_next_to_other_files(run) -> None:
    """And replaces none of them; the next render needs it no more."""
    folder = _holding("thesis.txt")

    assert 0 == run("render", "--region", "cn-shenzhen", "--out", folder, "--force").code
    assert 0 == run("render", "--region", "cn-beijing", "--out", folder).code
    assert "mine" == (folder / "thesis.txt").read_text()


@pytest.mark.parametrize("name", [".gitignore", "secrets/agent.yaml", "sidecar.yaml", "my.yaml"])
def test_a_folder_for_the_deployment_takes_it(run, name) -> None:
    """Nothing is in it but what belongs to a deployment, or its spec is."""
    folder = _holding(name)
    spec = Path("folder/my.yaml")
    if name == spec.name:
        spec.write_text("region: cn-shenzhen\n")
    given = ("--file", spec) if spec.exists() else ("--region", "cn-shenzhen")

    assert 0 == run("render", *given, "--out", folder).code


@pytest.mark.parametrize("command", [("render",), ("validate",), ("render", "--target", "helm")])
def test_a_link_to_itself_is_no_folder(run, tmp_path, monkeypatch, command) -> None:
    """Nor a defect in the kit."""
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    done = run(*command, "--region", "cn-shanghai", "--out", "loop")

    assert done.code == 1
    assert "loop" in done.out + done.err
