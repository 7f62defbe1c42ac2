"""`sidecar-trace` and the folder for PYTHONPATH: what they start, and what they never stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from servers.tracing import TRACE, environment
from sidecar_tracing.launcher import ENTRY, as_child, main
from udp_agent import closed_port

PYTHON = sys.executable
SHOW = "import sys; print(sorted({'opentracing', 'jaeger_client'} & set(sys.modules)))"
TRACER = "import opentracing; print(type(opentracing.global_tracer()).__module__)"


def trace(*command, folder=None, check=True, **variables):
    """Run a command under `sidecar-trace`; `folder` comes first in PYTHONPATH."""
    found = environment(closed_port(), **variables)
    if folder:
        found["PYTHONPATH"] = os.pathsep.join([str(folder), found["PYTHONPATH"]])
    done = subprocess.run([*TRACE, *command], env=found, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_examples(flag, capsys):
    """In lines that fit 100 columns."""
    assert 0 == main([flag])
    text = capsys.readouterr().out
    assert "sidecar-trace gunicorn shop:app" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("argv", [[], ["--unknown"], ["--"]])
def test_without_a_command(argv, capsys):
    """A usage error."""
    assert 2 == main(argv)
    assert "usage: sidecar-trace COMMAND" in capsys.readouterr().err


def test_unknown_command(capsys):
    """As `env` and shells say it."""
    assert 127 == main(["no-such-command"])
    assert "no-such-command: no such command" in capsys.readouterr().err


def test_file_that_is_no_program(tmp_path, capsys):
    """As `env` and shells say it."""
    (tmp_path / "file").write_text("")

    assert 126 == main([str(tmp_path / "file")])
    assert "file: Permission denied" in capsys.readouterr().err


def test_exit_status_is_the_commands():
    """And so are its arguments."""
    script = "import sys; print(sys.argv[1:]); sys.exit(7)"
    done = trace(PYTHON, "-c", script, "--help", "-x", check=False)

    assert (7, "['--help', '-x']\n") == (done.returncode, done.stdout)


def test_the_command_takes_the_place_of_the_process():
    """Its process ID is the one that was started, and a signal ends it as it would without."""
    command = [*TRACE, "sh", "-c", "echo $$; exec sleep 60"]
    with subprocess.Popen(
        command, env=environment(closed_port()), stdout=subprocess.PIPE, text=True
    ) as process:
        told = int(process.stdout.readline())
        process.terminate()
        process.wait(20)

    assert (process.pid, -signal.SIGTERM) == (told, process.returncode)


def test_a_child_in_place_of_the_process():
    """On Windows: its exit status is the one that is returned, and it says what is wrong itself."""
    script = "import os, sys; sys.exit(7 + ('SIDECAR_TRACING_COMMAND' in os.environ))"
    variables = {**environment(closed_port()), "SIDECAR_TRACING_COMMAND": "1"}

    assert 7 == as_child([PYTHON, "-c", script], variables)


def test_script_has_a_tracer():
    """For code that uses opentracing; nothing is imported for a script that does not."""
    assert "sidecar_tracing.tracer\n" == trace(PYTHON, "-c", TRACER).stdout
    assert "[]\n" == trace(PYTHON, "-c", SHOW).stdout


@pytest.mark.parametrize("streams", ["2>&-", "2>&- >&- <&-", "2>/dev/full >/dev/full"])
@pytest.mark.parametrize("name", ["shop", ""])
def test_closed_or_full_streams_stop_nothing(tmp_path, streams, name):
    """As a supervisor may start a service; what the launcher would say is not said."""
    script = "import os, sys; open(sys.argv[1], 'w').write(os.environ['JAEGER_SERVICE_NAME'])"
    command = [*TRACE, PYTHON, "-c", script, str(tmp_path / "ran")]
    found = environment(closed_port(), JAEGER_SERVICE_NAME=name)
    subprocess.run(["sh", "-c", f'exec "$@" {streams}', "sh", *command], env=found, timeout=60)

    assert name == (tmp_path / "ran").read_text("utf-8")


def test_start_of_tracing_is_short():
    """What reads packages' metadata would take as long as all the rest."""
    script = "import sys; print([*{'email', 'importlib.metadata', 'zipfile'} & {*sys.modules}])"
    untraced = subprocess.check_output([PYTHON, "-c", script], text=True)

    assert untraced == trace(PYTHON, "-c", script).stdout


def test_without_a_service_name_the_command_runs_untraced():
    """It says how to set it, and leaves the environment alone."""
    script = "import os; print(os.environ['PYTHONPATH'])"
    done = trace(PYTHON, "-c", script, JAEGER_SERVICE_NAME=" ")

    assert "set it to the service's name, such as JAEGER_SERVICE_NAME=shop" in done.stderr
    assert str(ENTRY) not in done.stdout
    assert "opentracing.tracer\n" == trace(PYTHON, "-c", TRACER, JAEGER_SERVICE_NAME="").stdout


def test_disabled_is_untraced():
    """JAEGER_DISABLED: no tracer, and no message."""
    done = trace(PYTHON, "-c", TRACER, JAEGER_DISABLED="true")

    assert ("opentracing.tracer\n", "") == (done.stdout, done.stderr)


def test_folder_in_pythonpath_is_enough():
    """`--entry` shows it, for what has no start command to change."""
    shown = subprocess.run([*TRACE, "--entry"], capture_output=True, text=True, check=True).stdout
    found = environment(closed_port())
    found["PYTHONPATH"] = os.pathsep.join([shown.strip(), found["PYTHONPATH"]])
    done = subprocess.run([PYTHON, "-c", TRACER], env=found, capture_output=True, text=True)

    assert "sidecar_tracing.tracer\n" == done.stdout


def test_hidden_sitecustomize_is_run(tmp_path):
    """As the module of that name, once in each process: the launcher's and the command's."""
    (tmp_path / "sitecustomize.py").write_text("print('theirs', __name__)\nVALUE = 7\n")
    script = f"import sitecustomize; print(sitecustomize.VALUE); {TRACER}"
    done = trace(PYTHON, "-c", script, folder=tmp_path)

    assert [
        *["theirs sitecustomize"] * 2,
        "7",
        "sidecar_tracing.tracer",
    ] == done.stdout.splitlines()


def test_hidden_sitecustomize_that_fails_stops_nothing(tmp_path):
    """Python reports it as it does without us."""
    (tmp_path / "sitecustomize.py").write_text("1 / 0\n")
    done = trace(PYTHON, "-c", TRACER, folder=tmp_path)

    assert "sidecar_tracing.tracer\n" == done.stdout
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("module", ["jaeger_client", "thrift", "opentracing", "tornado"])
def test_broken_dependency_stops_nothing(tmp_path, module):
    """The service runs untraced, and says why."""
    (tmp_path / f"{module}.py").write_text("raise RuntimeError('broken')\n")
    done = trace(PYTHON, "-c", "import requests; print('served')", folder=tmp_path)

    assert "served\n" == done.stdout
    assert "not traced: " in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_package_stops_nothing(tmp_path):
    """The command's Python may have another set of packages than ours."""
    (tmp_path / "sidecar_tracing").mkdir()
    (tmp_path / "sidecar_tracing/__init__.py").write_text("raise ImportError('absent')\n")
    found = environment(closed_port())
    found["PYTHONPATH"] = os.pathsep.join([str(ENTRY), str(tmp_path)])
    done = subprocess.run(
        [PYTHON, "-c", "print('served')"], env=found, capture_output=True, text=True
    )

    assert "served\n" == done.stdout
    assert "sidecar-trace: this process is not traced: ImportError: absent\n" == done.stderr


def test_library_of_another_shape_stops_nothing(tmp_path):
    """A version that has other names is not traced, and works."""
    (tmp_path / "httpx.py").write_text("VALUE = 7\n")
    done = trace(PYTHON, "-c", "import httpx; print(httpx.VALUE)", folder=tmp_path)

    assert "7\n" == done.stdout
    assert "httpx is not traced: AttributeError" in done.stderr


def test_library_that_fails_to_import_fails_as_before(tmp_path):
    """Its own error reaches the service, and a second attempt works."""
    (tmp_path / "flask.py").write_text("raise ImportError('theirs')\n")
    script = (
        "try:\n    import flask\nexcept ImportError as error:\n    print(error)\n"
        "import importlib.util; print(importlib.util.find_spec('no_such_module'))"
    )

    assert "theirs\nNone\n" == trace(PYTHON, "-c", script, folder=tmp_path).stdout


def test_library_that_is_looked_for_first_is_traced():
    """A look for its spec is no import."""
    script = (
        "from importlib.util import find_spec; find_spec('flask')\n"
        "import flask; print(flask.Flask.__call__.__code__.co_filename)"
    )

    assert "instrumentation" in trace(PYTHON, "-c", script).stdout


def test_libraries_can_be_left_out():
    """SIDECAR_TRACING_SKIP names them."""
    script = "import requests; print(requests.adapters.HTTPAdapter.send.__code__.co_filename)"

    assert "instrumentation" in trace(PYTHON, "-c", script).stdout
    skipped = trace(PYTHON, "-c", script, SIDECAR_TRACING_SKIP="flask, requests")
    assert "requests/adapters.py" in skipped.stdout


@pytest.mark.parametrize("first", ["import jaeger_client", "import flask", "import opentracing"])
@pytest.mark.parametrize(("value", "home"), [("true", "sidecar_tracing"), ("", "jaeger_client")])
def test_code_of_others_gets_our_config(first, value, home):
    """Only if asked; whatever is imported first, and their tracer is the global one."""
    script = f"""{first}
from jaeger_client import Config
from jaeger_client.config import Config as Same
import opentracing
tracer = Config({{}}, service_name="theirs").initialize_tracer()
assert Config is Same and tracer is opentracing.global_tracer()
print(type(tracer).__module__.split(".")[0], tracer.service_name)
tracer.close()
"""
    done = trace(PYTHON, "-c", script, SIDECAR_TRACING_REPLACE_JAEGER_CLIENT=value)

    assert f"{home} theirs\n" == done.stdout


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", " trace_id="), ("attributes", "[]"), ("off", "None")],
)
def test_log_has_trace_ids(value, expected):
    """In the text, as attributes only, or not at all."""
    script = """
import logging, opentracing
logging.basicConfig(format="%(message)s")
found = []
logging.getLogger().addFilter(lambda record: found.append(record) or True)
with opentracing.global_tracer().start_active_span("span") as scope:
    logging.warning("inside")
logging.warning("outside")
logging.warning("third", extra={"trace_id": "theirs"})
assert found[2].trace_id == "theirs"
print(getattr(found[0], "trace_id", None) == f"{scope.span.trace_id:016x}")
"""
    done = trace(PYTHON, "-c", script, SIDECAR_TRACING_LOGS=value)
    inside, outside = [line for line in done.stderr.splitlines() if "side" in line]

    assert "outside" == outside
    assert (expected == " trace_id=") == inside.startswith("inside trace_id=")
    assert f"{expected != 'None'}\n" == done.stdout
