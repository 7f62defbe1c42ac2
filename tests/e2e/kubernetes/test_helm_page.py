"""docs/helm.md, followed word by word: its commands in order, in namespaces of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from _require import lack, only_stacks
from copies import ROOT
from helm_charts import CHART
from kubernetes_cluster import environment, namespace
from programs import find_program

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("kubernetes"),
    pytest.mark.timeout(600),
    only_stacks,
]

PAGE = (ROOT / "docs/helm.md").read_text(encoding="utf-8")
PROGRAMS = ("helm ", "kubectl ", "sidecar ")
TOKEN = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"
ELSEWHERE = "registry.example.com"
"""A command that names it needs a registry of the reader's."""


def commands() -> list[str]:
    """Return the page's commands in order; one that needs the reader's registry is left out."""
    lines = [line[4:] for line in PAGE.splitlines() if line.startswith("    ")]
    found = [line for line in lines if line.startswith(PROGRAMS)]
    return [line for line in found if ELSEWHERE not in line and "helm package" not in line]


def test_the_page_has_its_commands() -> None:
    """Install, test, verify, a region, an upgrade, and what a GitOps tool runs."""
    words = [" ".join(line.split()[:2]) for line in commands()]

    assert {"helm install", "helm test", "sidecar verify", "helm upgrade", "kubectl apply"} <= {
        *words
    }


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_the_commands_work_as_written(program: str, cluster_images, tmp_path) -> None:
    """All but the namespace's name, which is unique, so that runs can share a cluster."""
    with namespace("sidecar-page") as sample, namespace("sidecar-shop") as shop:
        shop.kubectl("delete", "namespace", shop.name)  # the page creates it
        settings = folder(tmp_path, sample.name, program)
        lines = [for_helm(program, of_namespace(line, shop.name)) for line in commands()]
        done = {line: run_in(tmp_path, settings, line) for line in lines}
        applied = [each["metadata"]["name"] for each in shop.get("deployments")]

    assert {} == {line: said for line, (code, said) in done.items() if code}
    assert {True} == {is_report(said) for line, (_, said) in done.items() if "helm test" in line}
    names = ["orders-backend", "orders-frontend", "shop-backend", "shop-frontend"]
    assert names == sorted(applied)


def test_the_notes_prove_a_fresh_install(cluster_images, tmp_path) -> None:
    """Their last command needs no request before it, as that of `helm test` would be."""
    with namespace("sidecar-notes") as space:
        settings = folder(tmp_path, space.name, "helm")
        _, notes = run_in(tmp_path, settings, "helm install demo ./helm --wait")
        proof = re.findall(r"^  (sidecar verify .*)$", notes, re.MULTILINE)
        code, said = run_in(tmp_path, settings, "\n".join(proof))

    assert (1, 0) == (len(proof), code), said


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_an_uninstall_as_written_leaves_no_pod(program: str, cluster_images, tmp_path) -> None:
    """The name can be used again at once: no pod of the release still takes spans."""
    (line,) = [line for line in commands() if line.startswith("helm uninstall")]
    with namespace("sidecar-ended") as space:
        settings = folder(tmp_path, space.name, program)
        run_in(tmp_path, settings, "helm install demo ./helm --wait")
        before = space.get("pods")
        code, said = run_in(tmp_path, settings, line)
        after = space.get("pods")

    assert (3, 0, []) == (len(before), code, after), said


def for_helm(program: str, line: str) -> str:
    """Return a command as the page says that a Helm needs it."""
    return line.replace("helm test demo", "helm test demo --logs") if program == "helm4" else line


def is_report(said: str) -> bool:
    """Tell whether the report of a test is there, line by line."""
    hops = re.findall(r"^delivery-test +(client sent|gateway accepted) .* ok$", said, re.MULTILINE)
    return hops == ["client sent", "gateway accepted"] and "\nproven: every marked span" in said


def folder(path: Path, space: str, helm: str) -> dict[str, str]:
    """Make a working folder like a checkout, and return its settings: a context in a namespace."""
    (path / "helm").symlink_to(CHART)
    settings = {**environment(), "TRACING_TOKEN": TOKEN}
    config = path / "kubeconfig"
    config.write_bytes(Path(settings["KUBECONFIG"]).read_bytes())
    settings["KUBECONFIG"] = str(config)
    (path / "bin").mkdir()
    program = path / "bin" / "sidecar"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sidecar "$@"\n')
    program.chmod(0o755)
    found = find_program(helm) or lack("kubernetes", f"{helm} is not on PATH")
    (path / "bin" / "helm").symlink_to(found)
    settings["PATH"] = f"{program.parent}:{Path(found).parent}:{settings['PATH']}"
    kubectl = ["kubectl", "config", "set-context", "--current", f"--namespace={space}"]
    subprocess.run(kubectl, env=settings, check=True, capture_output=True)
    return settings


def of_namespace(line: str, name: str) -> str:
    """Return a command with a namespace in the place of `shop`."""
    return re.sub(r"((?:-n|--namespace|namespace) )shop\b", rf"\g<1>{name}", line)


def run_in(path: Path, settings: dict[str, str], line: str) -> tuple[int, str]:
    """Run a line of a shell; return its exit code and what it says."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr
