"""`sidecar gateway` as a process: first line, signals, taken ports, invalid input."""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import grpc
import pytest
from gateway_spans import CANARY, build_request
from waiting import wait_until

from sidecar.cli import main
from sidecar.commands import gateway
from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub


@pytest.fixture
def token_file(tmp_path):
    """The agent's token file with the canary."""
    path = tmp_path / "agent.yaml"
    path.write_text(f'agent:\n  tags: "Authentication={CANARY}"\n', encoding="utf-8")
    return path


def command(token_file, *options):
    """Return the argument list of a stand-in on free ports."""
    free = ("--grpc=127.0.0.1:0", "--http=127.0.0.1:0")
    gateway = [sys.executable, "-m", "sidecar", "gateway"]
    return [*gateway, f"--token-file={token_file}", *free, *options]


@pytest.fixture
def launch(token_file):
    """Start stand-ins as processes, each with its first line; kill those that still run."""
    started = []

    def launcher(*options):
        process = subprocess.Popen(
            command(token_file, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, process.stdout.readline()

    yield launcher
    for process in started:
        process.kill()
        process.communicate()


def post(address, request):
    """Send one batch and return the name of the status code."""
    with grpc.insecure_channel(address) as channel:
        try:
            CollectorServiceStub(channel).PostSpans(request, timeout=5)
        except grpc.RpcError as error:
            return error.code().name
    return "OK"


def test_the_first_line_shows_the_addresses(launch):
    """The text form names each side with its real port, and no UDP side if there is none."""
    _, line = launch()

    assert re.fullmatch(r"gateway: grpc 127\.0\.0\.1:[1-9]\d*, http 127\.0\.0\.1:[1-9]\d*\n", line)


def test_the_json_line_equals_the_ready_file(launch, tmp_path):
    """With --output json, the line is one object; --ready-file has it when all sides listen."""
    ready = tmp_path / "ready.json"
    process, line = launch("--output", "json", "--udp", "127.0.0.1:0", "--ready-file", str(ready))

    addresses = json.loads(line)
    assert {"grpc", "http", "udp"} == addresses.keys()
    assert "OK" == post(addresses["grpc"], build_request())
    wait_until(ready.exists)
    assert addresses == json.loads(ready.read_text(encoding="utf-8"))
    assert process.poll() is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_soon(launch, number, code):
    """SIGTERM exits 0, SIGINT 130, within 2 s and without a traceback, even if a call waits."""
    process, line = launch("--output", "json", "--black-hole")
    with grpc.insecure_channel(json.loads(line)["grpc"]) as channel:
        held = CollectorServiceStub(channel).PostSpans.future(build_request())
        http = json.loads(line)["http"]
        wait_until(lambda: counters(http)["batches"]["held"])

        begin = time.monotonic()
        process.send_signal(number)
        assert code == process.wait(timeout=5)
        assert time.monotonic() - begin < 2
        assert grpc.StatusCode.OK != held.code()
    assert "Traceback" not in process.stderr.read()


def counters(http):
    """Return a stand-in's totals."""
    with urllib.request.urlopen(f"http://{http}/api/counters") as answer:
        return json.load(answer)


def test_no_output_shows_a_token(launch):
    """No token is in the log, the arguments or the environment; refusals are logged as counts."""
    process, line = launch("--output", "json")
    address = json.loads(line)["grpc"]
    for _ in range(3):
        assert "UNAUTHENTICATED" == post(address, build_request(2, token="wrong@token"))
    assert "OK" == post(address, build_request())
    for name in ("cmdline", "environ"):
        shown = Path("/proc", str(process.pid), name)
        assert not shown.exists() or CANARY.encode() not in shown.read_bytes()
    process.terminate()
    out, log = process.communicate(timeout=5)

    assert "spans refused, token wrong: 2" in log
    assert "spans refused, token wrong: 4 more" in log
    assert 2 == log.count("refused")
    for secret in (CANARY, "wrong@token"):
        assert secret not in out + log


@pytest.mark.parametrize("side", ["--grpc", "--http", "--udp"])
def test_a_taken_port_names_its_holder(token_file, side, capfd):
    """The error names the address and the process that holds the port."""
    kind = socket.SOCK_DGRAM if side == "--udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if side != "--udp":
            holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"

        assert 1 == main([*command(token_file)[3:], side, address])

    error = capfd.readouterr().err
    assert error.startswith(f"sidecar: {address}: cannot listen: ")
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grpc", "nonsense"], "'nonsense' is not HOST:PORT"),
        (["--http", "h:70000"], "'h:70000' is not HOST:PORT"),
        (["--fail-with", "OK"], "fail_with is not one of"),
        (["--latency", "-1"], "latency_ms is not a whole number"),
        (["--max-spans", "0"], "--max-spans is less than 1"),
    ],
)
def test_an_invalid_option_is_a_usage_error(token_file, capsys, options, words):
    """An invalid option exits 2 with a message that names it."""
    assert 2 == main([*command(token_file)[3:], *options])
    assert words in capsys.readouterr().err


def test_an_installation_without_the_extra_says_so(monkeypatch, capsys):
    """The error names the extra to install."""
    find = importlib.util.find_spec
    monkeypatch.setattr(gateway, "find_spec", lambda name: None if name == "grpc" else find(name))

    assert 1 == main(["gateway"])
    assert "gateway: needs grpc. pip install 'sidecar-kit[gateway]'" in capsys.readouterr().err


def test_no_token_file_is_a_usage_error(capsys):
    """The token file is required: a stand-in that accepts everything proves nothing."""
    assert 2 == main(["gateway"])
    assert "--token-file is missing" in capsys.readouterr().err


def test_a_host_that_does_not_resolve_is_an_error(token_file, capsys):
    """The error names the host."""
    assert 1 == main([*command(token_file)[3:], "--http", "no-such-host.invalid:0"])
    assert "no-such-host.invalid:0: cannot listen" in capsys.readouterr().err


def test_a_ready_file_that_cannot_be_written_is_an_error(token_file, tmp_path, capsys):
    """The error names the file."""
    path = tmp_path / "none" / "ready"

    assert 1 == main([*command(token_file)[3:], "--ready-file", str(path)])
    assert (
        f"sidecar: {path}: cannot be written: No such file or directory" in capsys.readouterr().err
    )


def test_the_probe_checks_whether_a_stand_in_answers(launch, capsys):
    """--probe exits 0 if a stand-in runs there, or else 1 with the address."""
    process, line = launch("--output", "json")
    http = json.loads(line)["http"]

    assert 0 == main(["gateway", "--probe", "--http", http])
    assert 0 == main(["gateway", "--probe", "--http", http.replace("127.0.0.1", "0.0.0.0")])
    process.terminate()
    process.wait(timeout=5)
    assert 1 == main(["gateway", "--probe", "--http", http])
    assert 2 == main(["gateway", "--probe", "--http", "x"])
    expected = f"{http}: the stand-in does not answer: Connection refused. Start it, or name"
    assert expected in capsys.readouterr().err


def test_set_faults_changes_a_running_stand_in(launch, capsys):
    """--set-faults replaces the faults of the stand-in at --http, and prints the active ones."""
    _, line = launch("--output", "json", "--latency", "5")
    addresses = json.loads(line)

    code = main(
        ["gateway", "--http", addresses["http"], "--set-faults", '{"fail_with": "ABORTED"}']
    )

    active = json.loads(capsys.readouterr().out)
    assert (0, "ABORTED", 0) == (code, active["fail_with"], active["latency_ms"])
    assert "ABORTED" == post(addresses["grpc"], build_request())
    assert 0 == main(["gateway", "--http", addresses["http"], "--set-faults", "{}"])
    assert "OK" == post(addresses["grpc"], build_request())


def test_faults_that_the_stand_in_refuses_are_a_usage_error(launch, capsys):
    """--set-faults exits 2 with the stand-in's reason, and 1 if none answers."""
    process, line = launch("--output", "json")
    http = json.loads(line)["http"]

    assert 2 == main(["gateway", "--http", http, "--set-faults", '{"share": 2}'])
    assert "share is not a number from 0 to 1" in capsys.readouterr().err
    process.terminate()
    process.wait(timeout=5)
    assert 1 == main(["gateway", "--http", http, "--set-faults", "{}"])


def test_help_loads_no_server():
    """`sidecar gateway --help` imports neither gRPC nor aiohttp."""
    script = (
        "import sys; from sidecar.cli import main\n"
        "try: main(['gateway', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'grpc', 'aiohttp', 'yaml'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "examples:" in done.stdout
