"""`sidecar token` on a Secret, through a kubectl with prepared answers."""

from __future__ import annotations

import base64
import json
import signal

import pytest
import yaml
from cluster_pods import ended, listed, pod
from fake_kubectl import put_on_path

from sidecar.tokens import rotation
from sidecar.tokens.secret_store import PodAgents, SecretStore
from sidecar.verify.counts import AgentCounts, ClientCounts
from sidecar.verify.look import Look, as_line

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
OTHER = "xyz789@0123456789abcde_xyz789@53df7ad2afe8301"
SECRET = ("--kubernetes-secret", "tracing", "-n", "shop")
AGAIN = "sidecar token set --kubernetes-secret tracing --apply --namespace shop"


def config(token: str = TOKEN, key: str = "agent") -> str:
    """Return the agent's config file."""
    return f'{key}:\n  tags: "Authentication={token}"\n'


def encoded(text: str) -> str:
    """Return a text as a Secret has it."""
    return base64.b64encode(text.encode()).decode()


def workload(name: str, secret: str = "tracing", release: str = "demo"):
    """Return a Deployment that mounts a Secret."""
    spec = {
        "volumes": [
            {"name": "t", "secret": {"secretName": secret}},
            {"name": "tmp", "emptyDir": {}},
        ]
    }
    metadata = {"name": name, "labels": {"app.kubernetes.io/instance": release} if release else {}}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": spec}}}


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers."""
    return put_on_path(tmp_path, monkeypatch)


@pytest.fixture
def file(tmp_path):
    """A file with the token, which only its owner reads."""
    path = tmp_path / "token.txt"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


def never_shown(kubectl, result) -> None:
    """Fail if the token is in an argument list or in the output."""
    everything = json.dumps(kubectl.asked) + result.out + result.err
    assert TOKEN not in everything
    assert encoded(config()) not in everything


@pytest.mark.parametrize(
    ("options", "namespace", "key"),
    [((), None, "agent"), (("--namespace", "shop", "--agent-version", "1.15.0"), "shop", "jaeger")],
)
def test_the_manifest_goes_to_standard_output(run, file, options, namespace, key: str) -> None:
    """A Secret with an agent's file and a collector's bare token; the cluster is not asked."""
    result = run("token", "set", "--kubernetes-secret", "tracing", "--file", file, *options)
    data = yaml.safe_load(result.out)

    assert (0, "") == (result.code, result.err)
    assert ("v1", "Secret", "Opaque", ["agent.yaml", "token"]) == (
        data["apiVersion"],
        data["kind"],
        data["type"],
        list(data["data"]),
    )
    assert {"name": "tracing", **({"namespace": namespace} if namespace else {})} == data[
        "metadata"
    ]
    assert config(key=key) == base64.b64decode(data["data"]["agent.yaml"]).decode()
    assert TOKEN == base64.b64decode(data["data"]["token"]).decode()


def test_a_terminal_is_not_shown_the_manifest(run, file, monkeypatch) -> None:
    """It holds the token."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    result = run("token", "set", "--kubernetes-secret", "tracing", "--file", file)

    assert (2, "") == (result.code, result.out)
    assert "the manifest would show it on this terminal" in result.err


def test_a_secret_is_applied_by_standard_input(run, kubectl, file) -> None:
    """By server-side apply, which leaves no copy in an annotation; old pods are reported."""
    kubectl.answer("apply")
    kubectl.answer("get deployments", listed(workload("demo-web"), workload("other", "others")))
    result = run("token", "set", *SECRET, "--apply", "--file", file)

    assert 0 == result.code
    assert (
        "secret tracing in namespace shop: applied, fingerprint c92170ac"
        == result.out.splitlines()[0]
    )
    assert result.out.endswith("kubectl -n shop rollout restart deployment/demo-web\n")
    assert [
        "apply",
        "--server-side",
        "--field-manager=sidecar-kit",
        "--filename=-",
    ] == kubectl.asked[0][1:]
    assert encoded(config()) == kubectl.read[0]["data"]["agent.yaml"]
    never_shown(kubectl, result)


def test_without_the_right_to_look_around_the_secret_is_applied(run, kubectl, file) -> None:
    """Only the pods with the old token are not reported."""
    kubectl.answer("apply")
    kubectl.answer("get deployments", err="Error from server (Forbidden): no")
    result = run("token", "set", *SECRET, "--apply", "--file", file)

    assert (0, 1) == (result.code, len(result.out.splitlines()))


@pytest.mark.parametrize("manager", ["kubectl-create", "kubectl-client-side-apply"])
def test_what_somebody_made_with_kubectl_is_taken_over(run, kubectl, file, manager: str) -> None:
    """A second apply says so."""
    kubectl.answer(
        "apply",
        err=f'error: Apply failed with 1 conflict: conflict with "{manager}": .data.agent.yaml',
    )
    kubectl.answer("apply")
    kubectl.answer("get deployments", listed())
    result = run("token", "set", *SECRET, "--apply", "--file", file)

    assert 0 == result.code
    assert "--force-conflicts" in kubectl.asked[1]
    never_shown(kubectl, result)


def test_what_a_program_keeps_is_left_alone(run, kubectl, file) -> None:
    """It would change it back."""
    kubectl.answer(
        "apply", err='error: Apply failed with 1 conflict: conflict with "external-secrets": .data'
    )
    result = run("token", "set", *SECRET, "--apply", "--file", file)

    assert 1 == result.code
    assert (
        "secret tracing: its key agent.yaml is kept by external-secrets. Change it there"
        in result.err
    )
    assert 1 == len(kubectl.asked)


def test_a_token_in_the_names_place_is_not_shown(run, file) -> None:
    """The message says only that it is not a name."""
    result = run("token", "set", "--kubernetes-secret", OTHER, "--file", file)

    assert 1 == result.code
    assert "--kubernetes-secret: is not a Secret's name" in result.err
    assert OTHER not in result.err


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("set", "--apply"), "--namespace, --context and --apply need --kubernetes-secret"),
        (
            ("check", "--namespace", "shop"),
            "--namespace, --context and --apply need --kubernetes-secret",
        ),
        (
            ("set", *SECRET, "--out", "x"),
            "argument --out: not allowed with argument --kubernetes-secret",
        ),
        (("check", *SECRET, "--apply"), "has no option --apply"),
        (("set", *SECRET, "--context", "prod"), "--context needs --apply"),
        (("set", "--dry-run"), "has no option --dry-run"),
        (("check", "--no-verify"), "has no option --no-verify"),
        (("set", "--output=json"), "has no option --output"),
    ],
)
def test_flags_that_do_not_fit_are_usage_errors(run, arguments, cause: str) -> None:
    """Exit 2, with the help of the action."""
    result = run("token", *arguments)

    action = f"token {arguments[0]}"
    expected = f"sidecar: {action}: {cause}. See `sidecar {action} --help`\n"
    assert (2, expected) == (result.code, result.err)


def test_a_secret_is_checked_where_it_is(run, kubectl) -> None:
    """Key, content and fingerprint, as for a folder's file."""
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config())}})
    result = run("token", "check", *SECRET, "--output", "json")

    assert {
        "ok": True,
        "file": "secret tracing in namespace shop",
        "key": "agent.tags",
        "fingerprint": "c92170ac",
        "public": False,
        "findings": [],
        "ignored": 0,
    } == json.loads(result.out)
    never_shown(kubectl, result)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"token": "eA=="},
            "namespace shop: has no key agent.yaml; its keys: token. Run `sidecar token set",
        ),
        (None, "namespace shop: has no key agent.yaml; its keys: none"),
        (
            {"agent.yaml": "/w=="},
            f"token: is not UTF-8 text. Run `{AGAIN}`",
        ),
        ({"agent.yaml": encoded("hello")}, f". Run `{AGAIN}`"),
        (
            {"agent.yaml": encoded(config(key="jaeger"))},
            "Run `sidecar token set --kubernetes-secret tracing --apply --agent-version VERSION ",
        ),
    ],
)
def test_a_secret_that_no_agent_could_use_is_reported(run, kubectl, data, text: str) -> None:
    """Exit 1, with the key that is wrong."""
    kubectl.answer("get secret", {"data": data})
    result = run("token", "check", *SECRET)

    assert (1, True) == (result.code, text in result.out + result.err)


def test_a_secret_that_is_missing_is_reported(run, kubectl) -> None:
    """The message has the command that creates it."""
    kubectl.answer("get secret", err='Error from server (NotFound): secrets "tracing" not found')
    result = run("token", "check", *SECRET)

    assert 1 == result.code
    cause = "secret tracing in namespace shop: does not exist"
    assert f"{cause}. Run `{AGAIN}`\n" in result.err


def test_rotation_rolls_what_mounts_the_secret(run, kubectl, file) -> None:
    """Each workload is restarted and awaited. The file keeps its key."""
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER, "jaeger"))}})
    kubectl.answer(
        "get deployments",
        listed(workload("demo-web"), workload("demo-api"), workload("x", "others")),
    )
    kubectl.answer("apply")
    kubectl.answer("rollout")
    result = run("token", "rotate", *SECRET, "--file", file, "--no-verify")

    assert 0 == result.code
    assert "fingerprint c92170ac. Rolled: deployment/demo-web, deployment/demo-api" in result.out
    assert encoded(config(key="jaeger")) == kubectl.read[0]["data"]["agent.yaml"]
    assert [["restart", "deployment/demo-web"], ["restart", "deployment/demo-api"]] == [
        argv[2:4] for argv in kubectl.asked if argv[1:3] == ["rollout", "restart"]
    ]
    never_shown(kubectl, result)


def test_a_stand_in_is_rolled_first(run, kubectl, file) -> None:
    """Agents connect when they start: to the one that stays, and knows their new token."""
    stand_in = workload("demo-gateway")
    stand_in["metadata"]["labels"]["app.kubernetes.io/component"] = "gateway"
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER))}})
    kubectl.answer("get deployments", listed(workload("demo-api"), stand_in))
    kubectl.answer("apply")
    kubectl.answer("rollout")
    result = run("token", "rotate", *SECRET, "--file", file, "--no-verify")

    assert 0 == result.code
    assert "Rolled: deployment/demo-api, deployment/demo-gateway" in result.out
    assert [
        ["restart", "deployment/demo-gateway"],
        ["status", "deployment/demo-gateway"],
        ["restart", "deployment/demo-api"],
        ["status", "deployment/demo-api"],
    ] == [argv[2:4] for argv in kubectl.asked if argv[1] == "rollout"]


def test_a_dry_run_changes_nothing(run, kubectl, file) -> None:
    """It prints what would be rolled."""
    kubectl.answer("get secret", err="Error from server (NotFound): no")
    kubectl.answer("get deployments", listed(workload("demo-web")))
    result = run("token", "rotate", *SECRET, "--file", file, "--dry-run")

    assert 0 == result.code
    assert "would be rolled: deployment/demo-web" in result.out
    assert [] == kubectl.read


def test_a_rotation_that_is_not_proven_is_undone(run, kubectl, file) -> None:
    """The old token is put back, and the pods restart with it."""
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER))}})
    kubectl.answer("get deployments", listed(workload("demo-web")))
    kubectl.answer("apply")
    kubectl.answer("rollout")
    dead = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    kubectl.answer("get pods", listed(pod(agent=dead)))
    result = run("token", "rotate", *SECRET, "--file", file)

    assert 1 == result.code
    assert (
        "token: is not proven: web, agent received: demo-web-1: the agent waits: CrashLoopBackOff"
        in result.err
    )
    assert "The old token was restored. The pods restart with it" in result.err
    assert [encoded(config()), encoded(config(OTHER))] == [
        sent["data"]["agent.yaml"] for sent in kubectl.read
    ]
    assert 2 == len([argv for argv in kubectl.asked if argv[1:3] == ["rollout", "restart"]])


@pytest.mark.parametrize(
    "step", [(SecretStore, "write"), (PodAgents, "replace"), (rotation._Rotation, "_prove")]
)
def test_an_interrupted_rotation_is_undone(run, kubectl, file, monkeypatch, step) -> None:
    """At every step, the old token is put back, and the pods restart with it."""
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER))}})
    kubectl.answer("get deployments", listed(workload("demo-web")))
    kubectl.answer("apply")
    kubectl.answer("rollout")
    came = []
    work = getattr(*step)

    def interrupted(*arguments: object) -> None:
        if not came:
            came.append(signal.raise_signal(signal.SIGTERM))
        work(*arguments)

    monkeypatch.setattr(*step, interrupted)
    result = run("token", "rotate", *SECRET, "--file", file)

    expected = (
        "sidecar: The old token was restored. The pods restart with it\nsidecar: ended by SIGTERM\n"
    )
    assert (143, True) == (result.code, result.err.endswith(expected))
    assert encoded(config(OTHER)) == kubectl.read[-1]["data"]["agent.yaml"]
    assert ["rollout", "restart", "deployment/demo-web"] == kubectl.asked[-1][-3:]


def test_a_secret_that_refuses_the_new_token_is_left_alone(run, kubectl, file) -> None:
    """There is nothing to put back."""
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER))}})
    kubectl.answer("get deployments", listed(workload("demo-web")))
    kubectl.answer(
        "apply", err='error: Apply failed with 1 conflict: conflict with "kubectl-create": .data'
    )
    kubectl.answer(
        "apply",
        err='The Secret "tracing" is invalid: data: Forbidden: field is immutable',
    )
    result = run("token", "rotate", *SECRET, "--file", file)

    expected = (
        "sidecar: secret tracing: is immutable. "
        "Make one of another name, and give the chart that as existingSecret\n"
    )
    assert (1, expected) == (result.code, result.err)


def test_a_projected_secret_counts(run, kubectl, file) -> None:
    """It is mounted with other sources. A workload without volumes mounts none."""
    projected, bare = workload("demo-web"), workload("bare")
    sources = [{"configMap": {"name": "c"}}, {"secret": {"name": "tracing"}}]
    volumes = [
        {"name": "all", "projected": {"sources": sources}},
        {"name": "none", "projected": {}},
    ]
    projected["spec"]["template"]["spec"]["volumes"] = volumes
    bare["spec"]["template"]["spec"]["volumes"] = None
    kubectl.answer("get secret", err="Error from server (NotFound): no")
    kubectl.answer("get deployments", listed(projected, bare))
    result = run("token", "rotate", *SECRET, "--file", file, "--dry-run")

    assert result.out.endswith("would be rolled: deployment/demo-web\n")


@pytest.mark.parametrize("existed", [True, False], ids=["old token", "no token before"])
def test_a_rotation_that_cannot_be_undone_says_so(run, kubectl, file, existed: bool) -> None:
    """The pods cannot be restarted. Without an old token, there is nothing to put back."""
    if existed:
        kubectl.answer("get secret", {"data": {"agent.yaml": encoded(config(OTHER))}})
    else:
        kubectl.answer("get secret", err="Error from server (NotFound): no")
    kubectl.answer("get deployments", listed(workload("demo-web")))
    kubectl.answer("apply")
    kubectl.answer("rollout", err="error: deployment is paused")
    result = run("token", "rotate", *SECRET, "--file", file)

    assert 1 == result.code
    assert "deployment is paused" in result.err
    back = (
        "The old token was restored. The pods could not be restarted with it: deployment is paused"
    )
    assert existed == (back in result.err)
    assert existed != ("There was no token before: the new one stays" in result.err)


def test_a_rotation_is_proven_through_each_agent(run, kubectl, file, monkeypatch) -> None:
    """For every release whose workloads mount the Secret. A text gets the version's key."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    kubectl.answer("get secret", {"data": {"agent.yaml": encoded("hello")}})
    kubectl.answer("get deployments", listed(workload("demo-web"), workload("bare", release="")))
    kubectl.answer("get pods", listed(pod()))
    kubectl.answer("get pod demo-web-1", ended(pod(), "sidecar-verify-0123abcd"))
    seen = Look(
        ClientCounts(20, 20, {}, 1, ("t1",)),
        AgentCounts(),
        AgentCounts(1, spans_submitted=20, connected=1),
    )
    kubectl.answer("logs", as_line(seen))
    for words in ("apply", "rollout", "replace"):
        kubectl.answer(words)
    result = run("token", "rotate", *SECRET, "--file", file)

    assert (0, True) == (
        result.code,
        "release demo: proven, 20 spans through each service's agent" in result.err,
    )
    assert encoded(config()) == kubectl.read[0]["data"]["agent.yaml"]
