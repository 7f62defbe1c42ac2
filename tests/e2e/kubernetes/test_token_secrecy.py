"""The token in an existing Secret shows on no surface of the release, NOTES or refusals."""

from __future__ import annotations

import json
import subprocess

import pytest
from canary_release import CANARY, shown, upgrade
from helm_charts import CHART
from kubernetes_cluster import environment, wait_until
from programs import find_program

from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

PROCESSES = """
import json, os, pathlib
def read(path):
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has ended meanwhile, as a probe does
    except OSError as error:
        return f"unreadable: {error}"
processes = [path for path in pathlib.Path("/proc").iterdir() if path.name.isdigit()]
others = [path for path in processes if int(path.name) != os.getpid()]
names = ("cmdline", "environ")
print(json.dumps([{name: read(path / name) for name in names} for path in others]))
"""
AGENT = """
import pathlib, urllib.request
secret = pathlib.Path("/proc/1/root/run/secrets/sidecar/agent.yaml").read_text()
texts = [(pathlib.Path("/proc/1") / name).read_text() for name in ("cmdline", "environ")]
for path in (":14271/debug/pprof/cmdline", ":14271/debug/vars", ":14271/metrics"):
    texts.append(urllib.request.urlopen(f"http://127.0.0.1{path}", timeout=5).read().decode())
hidden = secret.partition("=")[2].strip(chr(34) + chr(10))
print(texts[0].replace(chr(0), " "))
parts = (hidden, *hidden.split("@"))
is_shown = any(part in text for text in texts for part in parts)
print("shown" if is_shown else "hidden", len(hidden))
"""


def programs() -> list[str]:
    """Return the Helms of this machine."""
    return [name for name in ("helm", "helm4") if find_program(name)]


def proof_by(program: str, space) -> str:
    """Return all that `helm test` says: a test pod's log is on standard error."""
    command = [find_program(program), "test", "demo", "-n", space.name, "--timeout", "120s"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def pods(release):
    """The names of the pods of the shared release, after its test and a Job have run too."""
    upgrade(release, "-f", CHART / "ci" / "jobs-values.yaml")
    release.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=90s")
    wait_until(lambda: not any(map(ends, release.get("pods"))), 90, "no pod vanishes meanwhile")
    return [release.pod_of(name)["metadata"]["name"] for name in ("frontend", "backend", "gateway")]


def ends(pod) -> bool:
    """Tell whether a pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def test_neither_helm_nor_the_api_shows_the_token(release, pods) -> None:
    """Not in their records and output, nor in any other object than the Secret, events and logs."""
    proofs = [proof_by(each, release) for each in programs()]
    helm = [
        release.helm("get", what, "demo")
        for what in ("values", "manifest", "notes", "hooks", "all", "metadata")
    ]
    kinds = release.kinds()
    others = ",".join(one for one in kinds.split(",") if one != "secrets")
    objects = [release.kubectl("describe", kinds), release.kubectl("get", others, "-o", "yaml")]
    jobs = [
        one["metadata"]["name"] for one in release.get("pods", "-l", "batch.kubernetes.io/job-name")
    ]
    logs = [release.kubectl("logs", pod, "--all-containers") for pod in (*pods, *jobs)]

    assert "existingSecret: tracing" in helm[0]
    assert jobs
    assert all("accepted with its token tag" in text for text in proofs)
    assert "Kind:" not in objects[1]
    assert [] == shown(*proofs, *helm, release.release_record("demo"), *objects, *logs)


def test_no_process_of_a_pod_shows_the_token(release, pods, tmp_path) -> None:
    """Not in arguments or environment; the agent's image has no shell, so the proof reads its."""
    inside = [release.kubectl("exec", pod, "--", "python", "-c", PROCESSES) for pod in pods]
    # only a process of the same user and group may read another's environment
    same = tmp_path / "same.json"
    same.write_text(json.dumps({"securityContext": {"runAsUser": 10001, "runAsGroup": 10001}}))
    for pod in pods[:2]:
        image = ("--image", official().gateway.name, "--profile=restricted", f"--custom={same}")
        target = ("--target=jaeger-agent", "--container=reader")
        release.kubectl("debug", pod, *image, *target, "--", "python", "-c", AGENT)

    assert all("sample_service" in text for text in inside[:2])
    assert not any("unreadable" in text for text in inside)
    assert [] == shown(*inside)
    for pod in pods[:2]:
        assert "--config-file=/run/secrets/sidecar/agent.yaml" in (text := report(release, pod))
        assert f"hidden {len(CANARY)}" == text.splitlines()[-1]


def report(space, pod: str) -> str:
    """Return what the container `reader` printed, once it has ended."""

    def ended() -> bool:
        status = json.loads(space.kubectl("get", "pod", pod, "-o", "json"))["status"]
        found = status.get("ephemeralContainerStatuses", [])  # other tests may have added some
        states = {one["name"]: one["state"] for one in found}
        return "terminated" in states.get("reader", {})

    wait_until(ended, 60, "the reader ends")
    return space.kubectl("logs", pod, "-c", "reader")


def test_the_canary_would_be_seen(release) -> None:
    """In the one object that holds it."""
    secret = release.kubectl("get", "secret", "tracing", "-o", "yaml")

    assert shown(secret)
    assert [] == shown(release.kubectl("describe", "secret", "tracing"))


def test_a_missing_secret_or_key_is_named(release) -> None:
    """Before anything is installed, with how to make it."""
    empty = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "empty"},
        "stringData": {"other": "x"},
    }
    release.apply(empty)

    assert 'has no Secret "absent". Run `sidecar token set --kubernetes-secret absent' in refused(
        release, "absent"
    )
    assert 'Secret "empty" has no key agent.yaml, it has: other' in refused(release, "empty")


def refused(space, secret: str) -> str:
    command = [
        find_program("helm"),
        "install",
        "second",
        str(CHART),
        "-n",
        space.name,
        "--set",
        f"existingSecret={secret}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 1
    return done.stderr


def test_notes_warn_of_a_token_as_a_value(release) -> None:
    """Helm keeps it in its record; for an existing Secret, NOTES shows how to roll the pods."""

    def notes(*sets: str) -> str:
        text = release.helm("install", "third", CHART, "--dry-run=server", "--set", ",".join(sets))
        return text.partition("NOTES:")[2]

    assert "WARNING: the token is a value" in notes("token=a")
    text = notes("existingSecret=tracing")
    assert "WARNING" not in text
    assert "--set tokenRevision=" in text
    assert "http://127.0.0.1:8080/greet?name=you" in text
    assert f"helm test third -n {release.name}" in text
