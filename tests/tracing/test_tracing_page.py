"""docs/tracing.md is correct: its commands start a service, and its code runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml
from compose_deployment import free_port
from copies import ROOT
from pages import blocks, session
from servers.tracing import environment
from sidecar_tracing.hooks import HOOKS
from sidecar_tracing.launcher import ENTRY, HELP
from udp_agent import UdpAgent, closed_port
from waiting import wait_until

PAGE = (ROOT / "docs/tracing.md").read_text(encoding="utf-8")
SHOP = """
import flask, os
app = flask.Flask(__name__)
"""
REPORT = "import opentracing\nopentracing.global_tracer().start_span('report').finish()\n"
COMMANDS = [line for line in blocks("sh", PAGE)[0].splitlines() if line]
STARTS = session(blocks("console", PAGE)[0])


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a service, a script, and `sidecar-trace` and `python` in bin."""
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "report.py").write_text(REPORT, encoding="utf-8")
    programs = {"sidecar-trace": "-m sidecar_tracing", "python": "", "gunicorn": "-m gunicorn"}
    (tmp_path / "bin").mkdir()
    for name, module in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def variables_in(folder, port, **more):
    found = environment(port, **more)
    del found["JAEGER_SERVICE_NAME"]
    return {**found, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_traces_the_script(line, folder):
    """Each way gives the script's span."""
    with UdpAgent() as agent:
        variables = variables_in(folder, agent.port)
        if "PYTHONPATH=" in line:
            line = line.replace("--entry)", f"--entry):{variables['PYTHONPATH']}")
        subprocess.run(line, shell=True, cwd=folder, env=variables, check=True, timeout=60)
        agent.wait_for(1)

        assert ["report"] == agent.names
        assert "report" == agent.batches[0].process.serviceName


def test_the_first_server_starts_and_ends(folder):
    """Its exit status is gunicorn's."""
    line = next(line for line in STARTS if "gunicorn" in line)
    options = f"--bind=127.0.0.1:{free_port()}"
    variables = variables_in(folder, closed_port(), GUNICORN_CMD_ARGS=options)
    log = folder / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            f"exec env {line}", shell=True, cwd=folder, env=variables, stderr=file
        ) as server,
    ):
        wait_until(lambda: "Booting worker" in log.read_text() or server.poll() is not None, 60)
        server.terminate()

    assert 0 == server.returncode, log.read_text()


@pytest.mark.parametrize("line", STARTS)
def test_a_start_of_a_server_is_in_the_help_too(line):
    """The same servers, with a service's name."""
    program = re.search(r"JAEGER_SERVICE_NAME=\S+ sidecar-trace (\w+)", line).group(1)

    assert f"sidecar-trace {program} " in HELP


def test_the_code_runs(folder):
    """The example makes its spans."""
    with UdpAgent() as agent:
        body = blocks("python", PAGE)[0] + "app({}, print)\nimport asyncio; asyncio.run(stock(1))\n"
        variables = variables_in(folder, agent.port)
        subprocess.run([sys.executable, "-c", body], env=variables, check=True, timeout=60)
        agent.wait_for(4)

        assert ["HTTP GET", "price", "price", "stock"] == sorted(agent.names)


def test_the_examples_of_images_name_the_entry():
    """Where the folder is mounted; the pod is one by Kubernetes' own schema."""
    compose, pod = map(yaml.safe_load, blocks("yaml", PAGE))
    shop, container = compose["services"]["shop"], pod["spec"]["containers"][0]
    kubernetes_validate.validate(pod, "1.34", strict=True)

    entry = f"/tracing/{ENTRY.relative_to(ENTRY.parents[1])}"
    assert entry == shop["environment"]["PYTHONPATH"]
    assert entry == {one["name"]: one["value"] for one in container["env"]}["PYTHONPATH"]
    assert "/tracing" == container["volumeMounts"][0]["mountPath"]
    assert "/tracing" == shop["volumes"][0].split(":")[1]


def test_every_library_has_a_row():
    """The table names what is patched."""
    rows = " ".join(re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)).lower()
    libraries = {hook.library for hook in HOOKS.values() if hook.patch}

    assert [] == sorted(name for name in libraries if name not in rows)
