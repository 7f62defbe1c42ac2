"""The look at a service's Python: which interpreter, what it can import, when it forks."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from sidecar.engine.images import ImageInfo
from sidecar.engine.short_lived import RunResult
from sidecar.preflight import service
from sidecar.preflight.gateway import look as look_at
from sidecar.preflight.places import Host
from sidecar.preflight.records import AgentFacts, Candidate, Traced
from sidecar.rules import service_images as rules
from sidecar.stand_in.sockets import Address

PROGRAM = resources.files("sidecar.preflight").joinpath(service.PROGRAM).read_text("utf-8")
JAEGER = {"jaeger-client": "4.8.0"}
CANDIDATE = Candidate("process", "cn-shanghai", AgentFacts(Address("h", 1883), False, 64, 0))


class Engine:
    """An engine that has every image, and whose containers print the same."""

    def __init__(self, printed):
        self.printed, self.requests = printed, []
        self.images = self.short_lived = self

    def find(self, name):
        """Return an image."""
        return ImageInfo(name, 1, {}, "amd64")

    def run(self, request):
        """Record a container's request, and return what it prints."""
        self.requests.append(request)
        return RunResult(0, self.printed, "")


def look(*command, python=sys.executable, folder=None, **variables):
    """Return what the program prints in a process of its own."""
    request = json.dumps({"command": command, "packages": ["jaeger-client", "pytest"]})
    environment = {**os.environ, **variables}
    argv = [python, "-c", PROGRAM, request]
    done = subprocess.run(argv, cwd=folder, env=environment, check=True, capture_output=True)
    return json.loads(done.stdout)


def test_it_tells_the_version_of_python_and_of_the_packages():
    """Those of this very environment."""
    seen = look()

    assert sys.version.split()[0] == seen["python"]
    assert pytest.__version__ == seen["versions"]["pytest"]
    assert [None, None] == seen["sampler"]


def test_it_names_the_module_that_an_import_misses(tmp_path):
    """As jaeger-client misses six."""
    package = tmp_path / "jaeger_client"
    package.mkdir()
    (package / "__init__.py").write_text("import six_of_nowhere.moves\n")
    seen = look(folder=tmp_path)

    assert ("six_of_nowhere", "No module named 'six_of_nowhere'") == (
        seen["missing"],
        seen["import_error"],
    )


def test_it_reports_a_client_that_ends_the_process(tmp_path):
    """Whatever an import raises."""
    (tmp_path / "jaeger_client.py").write_text("raise SystemExit('no')\n")

    assert "SystemExit: no" == look(folder=tmp_path)["import_error"]


def test_a_client_whose_version_is_unknown_is_a_client(tmp_path):
    """It is imported; Python 3.7 cannot tell versions."""
    (tmp_path / "jaeger_client.py").write_text("")
    request = json.dumps({"command": [], "packages": []})
    argv = [sys.executable, "-c", PROGRAM, request]
    seen = json.loads(subprocess.run(argv, cwd=tmp_path, capture_output=True).stdout)

    assert {"jaeger-client": "of unknown version"} == seen["versions"]
    assert rules.client(seen["versions"], seen["import_error"]) is None


@pytest.mark.parametrize("form", ["script", "interpreter"])
def test_it_looks_with_the_python_of_the_services_command(tmp_path, form):
    """A script's first line names it, or the command is it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    script = tmp_path / "gunicorn"
    script.write_text(f"#!{python}\n")
    script.chmod(0o755)
    seen = look(str(script) if form == "script" else str(python))

    assert {} == seen["versions"]  # the new environment has none of the packages


def test_it_reads_the_sampler_of_the_image(tmp_path):
    """The variables that sidecar_tracing reads."""
    seen = look(JAEGER_SAMPLER_TYPE="const", JAEGER_SAMPLER_PARAM="0")
    results = list(service.judge(Traced("web", "shop/web:1"), ("python",), seen))

    assert ["const", "0"] == seen["sampler"]
    assert ["sampler-hides-traces"] == [each.id for each in results if each.check == "sampler"]


def test_services_with_other_interpreters_are_looked_at_one_by_one(monkeypatch):
    """The program finds the interpreter in the first three words of a command."""
    seen = {
        "python": "3",
        "versions": JAEGER,
        "sampler": ["", ""],
        "import_error": "",
        "missing": "",
    }
    engine = Engine(json.dumps(seen))
    monkeypatch.setattr(service, "connect", lambda: engine)
    commands = [
        ("env", "old/python", "web"),
        ("env", "new/python", "web"),
        ("env", "old/python", "web", "1"),
    ]
    services = [Traced(str(number), "i", words) for number, words in enumerate(commands)]
    results = list(service.check_services(replace(CANDIDATE, services=tuple(services))))

    assert 2 == len(engine.requests)
    assert {"0", "1", "2"} == {each.subject for each in results}


def test_a_look_that_does_not_end_is_unfinished(tmp_path, monkeypatch):
    """It is a warning, which --wait repeats; the message does not show the program."""
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 9\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    results = list(look_at(CANDIDATE, Host(), 0.2))

    assert {"check-unfinished"} == {result.id for result in results}
    assert {"this host: did not end within 0.2 s"} == {result.cause for result in results}


@pytest.mark.parametrize(
    ("command", "environment", "versions", "forks"),
    [
        ("gunicorn shop:app", {}, JAEGER, False),
        ("gunicorn --preload shop:app", {}, JAEGER, True),
        ("/venv/bin/gunicorn shop:app", {"GUNICORN_CMD_ARGS": "--preload"}, JAEGER, True),
        ("gunicorn --preload shop:app", {}, {**JAEGER, "sidecar-tracing": "0.1.0"}, False),
        ("uwsgi --http :80 --processes 4", {}, JAEGER, True),
        ("uwsgi --http :80 --lazy-apps", {}, JAEGER, False),
        ("python -m shop", {}, JAEGER, False),
        ("uwsgi --http :80", {}, {}, False),
    ],
)
def test_a_server_that_loads_before_it_forks_is_warned_of(command, environment, versions, forks):
    """Only where jaeger-client's own reporter runs."""
    assert forks == bool(rules.fork(command.split(), environment, versions))


def test_the_program_runs_on_python_3_7():
    """Its grammar is that of the oldest Python that jaeger-client's users may have."""
    ast.parse(PROGRAM, feature_version=(3, 7))


def test_the_programs_need_the_standard_library_only(tmp_path):
    """They are sent to images that have nothing of the kit."""
    for name in ("seen_in_service.py", "seen_from_place.py"):
        text = resources.files("sidecar.preflight").joinpath(name).read_text("utf-8")
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", text.replace("__main__", "nobody")],
            cwd=tmp_path,
            env={"PATH": str(Path(sys.executable).parent)},
            capture_output=True,
        )

        assert b"" == done.stderr
