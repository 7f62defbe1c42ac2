"""`sidecar rehearse` as a command: what it lists, refuses and leaves out."""

from __future__ import annotations

import json

import pytest
from cluster_pods import listed
from fake_kubectl import put_on_path
from rehearsal_world import World

from sidecar.commands import rehearse
from sidecar.rehearsal import run as rehearsal
from sidecar.rehearsal.faults import FAULTS
from sidecar.rehearsal.stage import KILL

FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "ann" cannot list resource "pods" '
    'in API group "" in the namespace "shop"'
)


def test_the_faults_are_listed(run):
    """--list prints each fault with what happens, as text or as data, and asks no engine."""
    names = [fault.name for fault in FAULTS]

    listed = json.loads(run("rehearse", "--list", "--output", "json").out)
    assert names == [entry["fault"] for entry in listed]
    assert all(name in run("rehearse", "--list").out for name in names)


def test_an_unknown_fault_is_a_usage_error(run):
    """Exit 2, with the way to the names."""
    done = run("rehearse", "--fault", "earthquake")

    assert 2 == done.code
    assert "there is no fault 'earthquake'. `sidecar rehearse --list` names them" in done.err


def test_a_folder_without_a_deployment_is_a_usage_error(run, tmp_path):
    """Exit 2, as for verify."""
    done = run("rehearse", "--out", tmp_path)

    assert 2 == done.code
    assert "holds no docker-compose.yml" in done.err


def test_no_demo_of_processes_is_an_error(run, tmp_path):
    """Exit 1: nothing runs that could be rehearsed."""
    done = run("rehearse", "--target", "process", "--out", tmp_path)

    assert 1 == done.code
    assert "no demo without containers runs" in done.err


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("--namespace", "shop"), "rehearse: --namespace needs --target kubernetes"),
        (
            ("--target", "kubernetes", "-n", "shop"),
            "--target kubernetes needs the release. Give --release NAME (`helm list -n shop` shows",
        ),
        (("--release", "demo", "--out", "."), "rehearse: --out is for Compose only"),
    ],
)
def test_flags_that_do_not_fit_the_target_are_usage_errors(run, words, cause):
    """Exit 2, before any cluster is asked."""
    done = run("rehearse", *words)

    assert 2 == done.code
    assert cause in done.err


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        ("", "has no traced pod in namespace shop. See `helm list --all-namespaces`"),
        ("The connection to the server k8s:6443 was refused", "the cluster is out of reach"),
        (
            FORBIDDEN,
            "user ann may not list pods in namespace shop",
        ),
    ],
    ids=["absent", "unreachable", "forbidden"],
)
def test_a_release_that_cannot_be_read_is_a_verdict(run, tmp_path, monkeypatch, stderr, cause):
    """Exit 1 with its cause, and no fault is injected."""
    kubectl = put_on_path(tmp_path, monkeypatch)
    kubectl.answer("get", listed(), err=stderr)

    done = run("rehearse", "--release", "demo", "--namespace", "shop")

    assert 1 == done.code
    assert cause in done.err
    assert [] == [argv for argv in kubectl.asked if "get" not in argv]


def test_what_a_target_cannot_do_is_left_out_unless_it_is_named(run, monkeypatch, capsys):
    """Without --fault it is left out with its reason; named, it is a usage error."""
    world = World()
    world.lacks = {KILL: "no agent runs here"}
    monkeypatch.setattr(rehearse, "_stage", lambda args: world)

    done = run("rehearse", "--fault", "agent-killed")
    left = rehearse._possible(FAULTS, world, named=False)

    assert 2 == done.code
    assert "agent-killed is not possible: no agent runs here" in done.err
    assert "agent-killed" not in [fault.name for fault in left]
    assert "rehearse: agent-killed is left out: no agent runs here" in capsys.readouterr().err


def test_the_fix_of_a_fault_names_the_namespace(run, monkeypatch):
    """The same command in another namespace would restart what is not rehearsed."""
    monkeypatch.setattr(rehearsal, "RECOVERY_SECONDS", 0.05)
    monkeypatch.setattr(rehearse, "_stage", lambda args: World(stuck=True))

    done = run("rehearse", "--release", "demo", "-n", "shop", "--fault", "quota")

    assert "`kubectl -n shop rollout restart deployment`" in " ".join(done.out.split())


def test_the_exit_code_tells_whether_every_span_is_accounted_for(run, monkeypatch):
    """0 if sent = arrived + counted for each fault, 1 if not."""
    for leak, code in ((0, 0), (30, 1)):
        monkeypatch.setattr(rehearse, "_stage", lambda args, leak=leak: World(leak=leak))
        assert code == run("rehearse", "--fault", "gateway-failing").code
