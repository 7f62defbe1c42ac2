"""docs/helm.md's commands for an OCI registry, followed with one on this machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from _require import lack
from copies import ROOT
from helm_charts import CHART, run_helm
from programs import find_program
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/helm.md").read_text(encoding="utf-8")
HOST = "registry.example.com"
SETTINGS = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry that is empty; its address."""
    program = find_program("docker-registry") or lack("docker-registry", "it is not on PATH")
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "settings.yml").write_text(SETTINGS.format(folder=folder / "data", port=port))
    with subprocess.Popen(
        [program, "serve", folder / "settings.yml"], stderr=subprocess.DEVNULL
    ) as served:
        wait_until(lambda: answers(port))
        yield f"127.0.0.1:{port}"
        served.terminate()


def answers(port: int) -> bool:
    """Tell whether a port of this machine takes connections."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def pushes() -> list[str]:
    """Return the page's commands that package and push charts."""
    lines = (line.strip() for line in PAGE.splitlines())
    return [line for line in lines if line.startswith(("helm package ", "helm push "))]


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_charts_come_back_from_a_registry_as_they_were(
    program: str, registry: str, tmp_path: Path
) -> None:
    """Both are pushed as the page says; installed from there they render as from the folder."""
    helm = find_program(program) or lack("kubernetes", f"{program} is not on PATH")
    shutil.copytree(CHART, tmp_path / "helm")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(helm)
    settings = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    for line in pushes():
        command = line.replace(f"oci://{HOST}", f"--plain-http oci://{registry}/{program}")
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=settings, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    (name, version) = re.findall(rf"oci://{HOST}(\S+) --version (\S+)", PAGE)[0]
    address = f"oci://{registry}/{program}{name}"
    pulled = run_helm(
        "template", "shop", address, "--version", version, "--plain-http", name=program
    )
    folder = run_helm("template", "shop", CHART, name=program)
    shown = run_helm(
        "show", "chart", address.replace("-kit", "-agent"), "--plain-http", name=program
    )

    assert 4 == len(re.findall("helm (?:package|push) ", "\n".join(pushes())))
    assert (0, folder.stdout) == (pulled.returncode, pulled.stdout)
    assert "library" == yaml.safe_load(shown.stdout)["type"]
