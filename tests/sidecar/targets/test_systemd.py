"""The systemd target: the unit as systemd reads it, and its scripts below DESTDIR."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sidecar.checkout import find_checkout
from sidecar.findings import Severity
from sidecar.plan import make_plan
from sidecar.regions import load_regions
from sidecar.rules.collectors import DEFAULT_VERSION
from sidecar.rules.hosts import NO_UNIT
from sidecar.spec import AgentSettings, Resources, Service, Spec
from sidecar.targets import systemd

SERVICES = (Service("web", "web:1", replicas=3), Service("worker", "worker:1"))
TOKEN = "canary0@0f0f0f0f_canary0@1e1e1e1e"
FILES = {
    "etc/sidecar-agent/agent.yaml": 0o600,
    "etc/systemd/system/sidecar-agent.service": 0o644,
    "usr/local/lib/sidecar-agent/jaeger-agent": 0o755,
}
COLLECTOR_FILES = {
    "etc/sidecar-agent/config.yaml": 0o644,
    "etc/sidecar-agent/token": 0o600,
    "etc/systemd/system/sidecar-agent.service": 0o644,
    "etc/systemd/system/sidecar-forwarder.service": 0o644,
    "usr/local/lib/sidecar-agent/forwarder": 0o755,
    "usr/local/lib/sidecar-agent/otelcol": 0o755,
}
COLLECTOR = AgentSettings(kind="collector", version=DEFAULT_VERSION)
UNITS = {
    "jaeger-agent": ("sidecar-agent",),
    "collector": ("sidecar-agent", "sidecar-forwarder"),
}
KEPT = ("PATH", "PYTHONPATH")
HIGHEST_EXPOSURE = 1.5
"""Of 10. What is left is the network; systemd 252 says 1.2."""


def rendered(**settings) -> dict[str, str]:
    spec = Spec(region="cn-shanghai", services=SERVICES, **settings)
    return dict(systemd.render(make_plan(spec, load_regions()["cn-shanghai"])))


@pytest.mark.parametrize("name", ["sidecar-agent.service", "install.sh", "remove.sh"])
def test_the_rendering_is_the_golden_one(name, golden) -> None:
    """For two services, one with three replicas."""
    golden(f"systemd/{name}", rendered()[f"systemd/{name}"])


@pytest.mark.parametrize(
    "name",
    [
        *("sidecar-agent.service", "sidecar-forwarder.service", "config.yaml"),
        *("install.sh", "remove.sh"),
    ],
)
def test_the_rendering_of_a_collector_is_the_golden_one(name, golden) -> None:
    """For the same services: the collector's unit, its configuration and the forwarder's unit."""
    golden(f"systemd/collector/{name}", rendered(agent=COLLECTOR)[f"systemd/{name}"])


def arguments(text: str) -> dict[str, str]:
    command = text.partition("ExecStart=")[2].partition("\n\n")[0].replace("\\\n", " ")
    flags = (word.partition("=") for word in command.split()[1:] if word.startswith("--"))
    return {flag: value for flag, _, value in flags}


def test_one_agent_serves_all_replicas_on_loopback() -> None:
    """It is sized for four replicas, and listens nowhere else."""
    found = arguments(rendered()["systemd/sidecar-agent.service"])
    one = make_plan(Spec(region="cn-shanghai"), load_regions()["cn-shanghai"]).services[0].agent
    addresses = [value for flag, value in found.items() if "server-host-port" in flag]

    assert 4 * one.tuning.workers == int(found["--processor.jaeger-compact.workers"])
    assert {"127.0.0.1"} == {address.rpartition(":")[0] for address in addresses}
    assert "127.0.0.1:14271" == found["--admin.http.host-port"]
    assert "${CREDENTIALS_DIRECTORY}/agent.yaml" == found["--config-file"]


def test_limits_of_the_spec_are_those_of_the_unit() -> None:
    """Memory and processors, as for a container."""
    agent = AgentSettings(resources=Resources(memory_mib=300, cpus=0.5))
    text = rendered(agent=agent)["systemd/sidecar-agent.service"]

    assert "\nMemoryMax=300M\nCPUQuota=50%\n" in text


def test_a_collector_and_its_forwarder_listen_on_loopback_only() -> None:
    """Nothing of the host's networks reaches a port of either, and the queue has the state."""
    files = rendered(agent=COLLECTOR)
    forwarder = arguments(files["systemd/sidecar-forwarder.service"])
    made = yaml.safe_load(files["systemd/config.yaml"])
    receivers = made["receivers"]
    protocols = receivers["jaeger"]["protocols"] | receivers["otlp"]["protocols"]
    (reader,) = made["service"]["telemetry"]["metrics"]["readers"]
    listening = [
        *(each["endpoint"].rpartition(":")[0] for each in protocols.values()),
        made["extensions"]["health_check"]["endpoint"].rpartition(":")[0],
        reader["pull"]["exporter"]["prometheus"]["host"],
        forwarder["--host"],
    ]

    assert ["127.0.0.1"] * 6 == listening
    assert "127.0.0.1:14317" == made["exporters"]["otlp_grpc"]["endpoint"]
    assert "/var/lib/sidecar-agent" == made["extensions"]["file_storage"]["directory"]
    assert "${CREDENTIALS_DIRECTORY}/token" == forwarder["--token-file"]


@pytest.mark.parametrize("kind", ["jaeger-agent", "collector"])
def test_the_standin_has_no_unit(run, tmp_path, monkeypatch, kind) -> None:
    """Nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("sidecar.yaml").write_text(f"region: local\nagent: {{kind: {kind}}}\n")
    result = run("render", "--file", "sidecar.yaml", "--target", "systemd")

    assert (1, "") == (result.code, result.out)
    assert f"[{NO_UNIT.id}]" in result.err
    assert Severity.ERROR == NO_UNIT.severity
    assert ["sidecar.yaml"] == [path.name for path in tmp_path.iterdir()]


def test_the_next_steps_are_those_of_a_host(run, tmp_path, monkeypatch) -> None:
    """The token, then the script; nothing of containers."""
    monkeypatch.chdir(tmp_path)
    result = run("render", "--region", "cn-shanghai", "--target", "systemd", "--out", "my host")

    assert [
        "my host: systemd/ for cn-shanghai (tracing-analysis-dc-sh.aliyuncs.com:1883)",
        "  next, for systemd:    sidecar token set --out 'my host'",
        "                        sudo sh 'my host/systemd/install.sh'",
    ] == result.out.splitlines()


# The scripts ----------------------------------------------------------------------------------


@pytest.fixture
def folder(run, tmp_path, monkeypatch):
    """Return a rendering with a token and something in a jaeger-agent's place."""
    monkeypatch.chdir(tmp_path)
    run("render", "--region", "cn-shanghai", "--target", "systemd", "--out", "host")
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    assert 0 == run("token", "set", "--out", "host", "--file", "token").code
    shutil.copy("/bin/true", "jaeger-agent")
    return tmp_path


def script(name, *args, **variables):
    return subprocess.run(
        ["/bin/sh", f"host/systemd/{name}", *args],
        env={**{name: os.environ[name] for name in KEPT if name in os.environ}, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def installed(root):
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_install_twice_and_remove(folder) -> None:
    """Only root can read the token; removal leaves no file."""
    root = folder / "root"
    results = [
        script("install.sh", "--program", "jaeger-agent", DESTDIR=str(root)) for _ in range(2)
    ]
    found = installed(root)
    token = (root / "etc/sidecar-agent/agent.yaml").read_text()
    removed = script("remove.sh", DESTDIR=str(root))

    assert [(0, "", "")] * 2 == [(each.returncode, each.stdout, each.stderr) for each in results]
    assert found == FILES
    assert TOKEN in token
    assert (0, {}) == (removed.returncode, installed(root))
    assert not (root / "etc/sidecar-agent").exists()


@pytest.fixture
def collector_folder(run, tmp_path, monkeypatch):
    """Return a rendering with collectors, a token, and something in a collector's place."""
    monkeypatch.chdir(tmp_path)
    Path("sidecar.yaml").write_text("region: cn-shanghai\nagent: {kind: collector}\n")
    spec = ("--file", "sidecar.yaml", "--out", "host")
    run("render", *spec, "--target", "systemd")
    (tmp_path / "text").write_text(TOKEN)
    (tmp_path / "text").chmod(0o600)
    assert 0 == run("token", "set", "--out", "host", "--file", "text").code
    Path("otelcol").write_text("#!/bin/sh\necho jaeger file_storage\n")
    Path("otelcol").chmod(0o755)
    return tmp_path


def test_install_a_collector_twice_and_remove_it(collector_folder) -> None:
    """The forwarder's program is the kit in the Python that was named; the queue stays."""
    root = collector_folder / "root"
    flags = ("--program", "./otelcol", "--python", sys.executable)
    results = [script("install.sh", *flags, DESTDIR=str(root)) for _ in range(2)]
    found = installed(root)
    asked = subprocess.run(
        [root / "usr/local/lib/sidecar-agent/forwarder", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    token = (root / "etc/sidecar-agent/token").read_text()
    (root / "var/lib/sidecar-agent").mkdir(parents=True)
    removed = script("remove.sh", DESTDIR=str(root))

    assert [(0, "", "")] * 2 == [(each.returncode, each.stdout, each.stderr) for each in results]
    assert found == COLLECTOR_FILES
    assert asked.stdout.startswith("usage: python -m sidecar.forwarder")
    assert TOKEN == token.strip()
    assert (0, {}) == (removed.returncode, installed(root))
    assert "The queue is still in /var/lib/sidecar-agent" in removed.stdout


@pytest.mark.parametrize(
    ("program", "python", "message"),
    [
        ("/bin/true", sys.executable, "/bin/true: has no jaeger"),
        ("./otelcol", "/bin/false", "/bin/false: has no sidecar-kit"),
        ("nothing", sys.executable, "nothing: not a program"),
    ],
)
def test_what_cannot_run_a_collector_installs_nothing(
    collector_folder, program, python, message
) -> None:
    """One line says what is wrong."""
    root = collector_folder / "root"
    flags = ("--program", program, "--python", python)
    result = script("install.sh", *flags, DESTDIR=str(root))

    assert (1, "") == (result.returncode, result.stdout)
    assert result.stderr.startswith(f"install.sh: {message}")
    assert 1 == len(result.stderr.splitlines())
    assert not root.exists()


@pytest.mark.parametrize(
    ("arguments_", "code", "message"),
    [
        (("--program", "nothing"), 1, "nothing: not a program"),
        (("--program", "jaeger-agent", "--token-file", "none"), 1, "none: no such file"),
        (("--token-file",), 2, "--token-file needs a path"),
        (("--force",), 2, "--force: unknown argument"),
    ],
)
def test_bad_input_installs_nothing(folder, arguments_, code, message) -> None:
    """One line says what is wrong."""
    root = folder / "root"
    result = script("install.sh", *arguments_, DESTDIR=str(root))

    assert (code, "") == (result.returncode, result.stdout)
    assert result.stderr.startswith(f"install.sh: {message}")
    assert 1 == len(result.stderr.splitlines())
    assert not root.exists()


# systemd itself -------------------------------------------------------------------------------


@pytest.fixture(params=["jaeger-agent", "collector"])
def units(request, tmp_path):
    """Return a kind's units, with a program that is there, for systemd-analyze."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    files = rendered(**({"agent": COLLECTOR} if request.param == "collector" else {}))
    paths = [tmp_path / f"{name}.service" for name in UNITS[request.param]]
    for path in paths:
        text = re.sub(r"/usr/local/lib/\S+", "/bin/true", files[f"systemd/{path.name}"])
        path.write_text(text)
    return paths


def analyze(*args):
    return subprocess.run(
        ["systemd-analyze", *map(str, args)], capture_output=True, text=True, check=False
    )


def test_systemd_takes_the_units(units) -> None:
    """`systemd-analyze verify` has nothing to say."""
    result = analyze("verify", *units)

    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)


def test_the_page_names_what_systemd_rates(units) -> None:
    """`systemd-analyze security` rates the exposure about as docs/systemd.md says."""
    page = (find_checkout() / "docs/systemd.md").read_text(encoding="utf-8")
    result = analyze("security", "--offline=yes", *units)
    found = re.findall(r"exposure level for \S+: ([\d.]+)", result.stdout)

    assert len(units) == len(found), result.stderr
    assert HIGHEST_EXPOSURE >= max(map(float, found))
    assert "rates the exposure 1.2 of 10" in page
