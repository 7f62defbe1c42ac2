"""The package in a folder for images without it: one that fits is traced, any other one runs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import venv

import pytest
from carried import carry
from copies import ROOT
from servers.tracing import environment
from sidecar_tracing.carried import NEEDS
from udp_agent import UdpAgent

SCRIPT = "import opentracing; opentracing.global_tracer().start_span('span').finish(); print('ran')"
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return what `pip install --target` makes."""
    return carry(tmp_path_factory.mktemp("carried"))


@pytest.fixture
def image(tmp_path):
    """Return an environment of Python without any package."""
    venv.create(tmp_path / "image", with_pip=False, symlinks=True)
    return tmp_path / "image"


def run(folder, image, port):
    variables = {**environment(port), "PYTHONPATH": str(folder / "sidecar_tracing/entry")}
    command = [image / "bin/python", "-c", SCRIPT]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)

    assert (0, "ran") == (done.returncode, (done.stdout or done.stderr).strip())
    return done.stderr


def test_an_image_without_the_package_is_traced(folder, image):
    """By PYTHONPATH alone."""
    with UdpAgent() as agent:
        assert "" == run(folder, image, agent.port)
        assert ["span"] == [span.operationName for span in agent.wait_for(1)]


@pytest.mark.parametrize(("name", "version"), [("thrift", "0.13.0"), ("tornado", "5.1.1")])
def test_an_image_with_other_versions_runs_untraced(folder, image, name, version):
    """Its own packages come first, so they are what tracing would use."""
    about = image / SITE / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    # the global tracer of this service is its own
    (image / SITE / "opentracing.py").write_text(
        "class Span:\n    def finish(self): pass\n"
        "class Tracer:\n    def start_span(self, name): return Span()\n"
        "global_tracer = Tracer\n"
    )
    with UdpAgent() as agent:
        said = run(folder, image, agent.port)

        assert [] == agent.packets
    assert f"not traced: RuntimeError: {name} is {version} here; " in said


def test_python_of_others_sees_no_package_of_ours(folder, image):
    """A program that a service starts by another Python: untraced, and its errors are its own."""
    ours = image.parent / "site-packages"
    shutil.copytree(folder, ours, symlinks=True)
    script = "import importlib.util; print(importlib.util.find_spec('thrift'))"
    for process, said in (("", True), ("1", False)):
        variables = {**environment(1), "PYTHONPATH": str(ours / "sidecar_tracing/entry")}
        variables |= {"SIDECAR_TRACING_COMMAND": process} if process else {}
        done = subprocess.run(
            [image / "bin/python", "-c", script], env=variables, capture_output=True, text=True
        )

        assert (0, "None\n") == (done.returncode, done.stdout)
        assert said == ("sidecar_tracing is not installed in this Python" in done.stderr)
        assert said or done.stderr == ""


def test_limits_are_those_of_the_distribution():
    """The same as in tracing/pyproject.toml."""
    text = (ROOT / "tracing/pyproject.toml").read_text("utf-8")
    asked = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL).group(1)
    lines = re.findall(r'"([\w-]+)[=>]=([\d.]+)(?:,<([\d.]+))?"', asked)

    assert set(NEEDS) == {name for name, _, _ in lines}
    for name, lowest, too_high in lines:
        low, high = (".".join(map(str, limit)) for limit in NEEDS[name])
        assert lowest.startswith(low)
        assert not too_high or too_high == high


def test_old_pythons_can_read_the_entry():
    """They say that they are too old, and the service runs."""
    text = (ROOT / "tracing/sidecar_tracing/entry/sitecustomize.py").read_text("utf-8")

    assert ast.parse(text, feature_version=(3, 7))
