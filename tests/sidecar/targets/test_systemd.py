"""The systemd target: the unit as systemd reads it, and its scripts below DESTDIR."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from sidecar.checkout import find_checkout
from sidecar.findings import Severity
from sidecar.plan import make_plan
from sidecar.regions import load_regions
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
HIGHEST_EXPOSURE = 1.5
"""Of 10. What is left is the network; systemd 252 says 1.2."""


def rendered(**settings) -> dict[str, str]:
    spec = Spec(region="cn-shanghai", services=SERVICES, **settings)
    return dict(systemd.render(make_plan(spec, load_regions()["cn-shanghai"])))


@pytest.mark.parametrize("name", ["sidecar-agent.service", "install.sh", "remove.sh"])
def test_the_rendering_is_the_golden_one(name, golden) -> None:
    """For two services, one with three replicas."""
    golden(f"systemd/{name}", rendered()[f"systemd/{name}"])


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


@pytest.mark.parametrize(
    ("region", "kind"), [("local", "jaeger-agent"), ("cn-shanghai", "collector")]
)
def test_what_has_no_unit_is_refused(run, tmp_path, monkeypatch, region, kind) -> None:
    """Nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("sidecar.yaml").write_text(f"region: {region}\nagent: {{kind: {kind}}}\n")
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
        env={"PATH": os.environ["PATH"], **variables},
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


@pytest.fixture
def unit(tmp_path):
    """Return the unit's file, with a program that is there, for systemd-analyze."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    text = rendered()["systemd/sidecar-agent.service"].replace(systemd.PROGRAM, "/bin/true")
    (tmp_path / "sidecar-agent.service").write_text(text)
    return tmp_path / "sidecar-agent.service"


def analyze(*args):
    return subprocess.run(
        ["systemd-analyze", *map(str, args)], capture_output=True, text=True, check=False
    )


def test_systemd_takes_the_unit(unit) -> None:
    """`systemd-analyze verify` has nothing to say."""
    result = analyze("verify", unit)

    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)


def test_the_page_names_what_systemd_rates(unit) -> None:
    """`systemd-analyze security` rates the exposure about as docs/systemd.md says."""
    page = (find_checkout() / "docs/systemd.md").read_text(encoding="utf-8")
    result = analyze("security", "--offline=yes", unit)
    found = re.search(r"exposure level for sidecar-agent.service: ([\d.]+)", result.stdout)

    assert found, result.stderr
    assert HIGHEST_EXPOSURE >= float(found[1])
    assert "rates the exposure 1.2 of 10" in page
