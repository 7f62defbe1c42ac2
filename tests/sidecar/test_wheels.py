"""Both distributions as wheels: what they hold, and that they work from an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from sidecar_tracing import version as runtime

from sidecar import __version__
from sidecar.checkout import find_checkout

pytest.importorskip("hatchling", reason="wheels are built with hatchling; see requirements-dev.txt")
pytest.importorskip(
    "grpc_tools", reason="the stubs are generated with grpcio-tools; see requirements-dev.txt"
)

SOURCES = ["pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "helm", "sidecar", "tracing"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build both from a copy, so that the checkout gets no build folder; distribution → wheel."""
    checkout = find_checkout()
    assert checkout is not None
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheels")
    for name in SOURCES:
        source = checkout / name
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*_pb2*")
        (
            shutil.copytree(source, copy / name, ignore=ignored)
            if source.is_dir()
            else shutil.copy(source, copy / name)
        )
    for folder in (copy, copy / "tracing"):
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            out,
            folder,
        ]
        subprocess.run(command, check=True, capture_output=True)
    return {path.name.partition("-")[0]: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def installed(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds nothing but the two wheels' content."""
    folder = tmp_path_factory.mktemp("installed")
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


def test_the_helper_holds_templates_catalogue_types_and_stubs(wheels) -> None:
    """Everything that is not Python travels too; tests and the sample do not."""
    names = set(zipfile.ZipFile(wheels["sidecar_kit"]).namelist())
    stubs = {f"sidecar/stand_in/stubs/collector_pb2{end}" for end in (".py", ".pyi", "_grpc.py")}
    sources = {
        f"sidecar/{path.relative_to(Path(__file__).parents[2] / 'sidecar')}"
        for path in (Path(__file__).parents[2] / "sidecar").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "_pb2" not in path.name
    }

    assert {
        "sidecar/regions.yaml",
        "sidecar/py.typed",
        "sidecar/targets/templates/compose/docker-compose.yml.j2",
        "sidecar/targets/helm/chart/templates/deployment.yaml",
        "sidecar/targets/helm/chart/charts/sidecar-agent/templates/_agent.tpl",
    } <= names
    assert set() == (stubs | sources) - names
    assert {"sidecar", f"sidecar_kit-{__version__}.dist-info"} == {
        name.partition("/")[0] for name in names
    }


def test_the_runtime_holds_its_own_package_only(wheels) -> None:
    """A service's image carries nothing of the helper."""
    names = zipfile.ZipFile(wheels["sidecar_tracing"]).namelist()

    assert "sidecar_tracing/py.typed" in names
    assert {"sidecar_tracing", f"sidecar_tracing-{runtime.__version__}.dist-info"} == {
        name.partition("/")[0] for name in names
    }


def test_the_helper_works_from_an_empty_folder(installed, tmp_path) -> None:
    """`python -m sidecar render` from the wheel renders and loads the stubs, in any folder."""
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy, sidecar, sidecar_tracing\n"
        "from sidecar.stand_in.stubs import collector_pb2_grpc\n"
        "for module in (sidecar, sidecar_tracing, collector_pb2_grpc):\n"
        "    print(module.__file__)\n"
        "runpy.run_module('sidecar', run_name='__main__')"
    )
    arguments = ["render", "--region", "cn-hangzhou", "--out", str(tmp_path / "out")]
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, installed, *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        env=plain,
    )
    assert 0 == done.returncode, done.stderr
    files = done.stdout.splitlines()[:3]
    services = yaml.safe_load((tmp_path / "out/docker-compose.yml").read_text())["services"]

    assert all(Path(file).is_relative_to(installed) for file in files)
    assert (
        "--reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883"
        in services["backend-agent"]["command"]
    )
    assert "build" not in services["backend"]


def test_the_commands_entry_point_is_in_the_wheel(wheels) -> None:
    """`sidecar` runs sidecar.__main__:main."""
    with zipfile.ZipFile(wheels["sidecar_kit"]) as archive:
        entry_points = archive.read(
            f"sidecar_kit-{__version__}.dist-info/entry_points.txt"
        ).decode()

    assert "[console_scripts]\nsidecar = sidecar.__main__:main" in entry_points
