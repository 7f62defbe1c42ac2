"""What holds for any stack: the user's files stay, twice is once, and removal leaves nothing."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import yaml
from fuzzing import cases
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cli import main

FILE = "docker-compose.yml"
AGENT = {
    "image": "jaegertracing/jaeger-agent:1.62.0",
    "command": "--reporter.grpc.host-port=tracing-analysis-dc-sh.aliyuncs.com:1883",
}
NAMES = st.sampled_from(["web", "web-agent", "auth_api", "db", "Agent", "tracing-gateway", "a.b"])


def services(names):
    """Return services with these names, in shapes that meet one another."""
    other = st.sampled_from(names)
    hosts = st.sampled_from(["localhost", "agent", *names])
    plain = st.fixed_dictionaries(
        {"image": st.sampled_from(["app:1", "postgres:16", "nginx:1"])},
        optional={
            "environment": st.one_of(
                st.fixed_dictionaries({"JAEGER_AGENT_HOST": hosts}),
                st.just(["JAEGER_SERVICE_NAME=x"]),
            ),
            "depends_on": st.lists(other, unique=True),
            "networks": st.lists(st.sampled_from(["default", "web-tracing"]), unique=True),
            "profiles": st.lists(st.sampled_from(["p", "q"]), unique=True),
            "deploy": st.just({"replicas": 3}),
            "network_mode": st.sampled_from(["host", "none", f"service:{names[0]}"]),
            "labels": st.just(["a=b"]),
        },
    )
    return st.lists(st.one_of(plain, st.just(AGENT)), min_size=len(names), max_size=len(names)).map(
        lambda given: dict(zip(names, given, strict=True))
    )


STACKS = st.lists(NAMES, min_size=1, max_size=5, unique=True).flatmap(services)


@contextmanager
def own_folder():
    """Make an empty folder the current one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            yield Path(scratch)
        finally:
            os.chdir(before)


def files(folder):
    """Return the bytes of each file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run(*arguments):
    """Run the command without Compose, which would take most of the time; return its exit code."""
    path, os.environ["PATH"] = os.environ["PATH"], ""
    try:
        return main(list(arguments))
    finally:
        os.environ["PATH"] = path


@cases(0.25)
@given(stack=STACKS)
def test_twice_is_once_and_removed_is_before(turn, stack):
    """A second run changes nothing, the user's file never changes, and --remove restores all."""
    with own_folder() as folder:
        (folder / FILE).write_text(yaml.safe_dump({"services": stack}))
        before = files(folder)
        code = run("inject", FILE, "--region", "local", "--activate")
        once = files(folder)
        again = run("inject", FILE, "--region", "local", "--activate")
        twice = files(folder)
        removed = run("inject", "--remove") if code == 0 else 0

        assert code in (0, 1)
        assert (code, once) == (again, twice)
        assert before[FILE] == once[FILE]
        assert (0, before) == (removed, files(folder))
