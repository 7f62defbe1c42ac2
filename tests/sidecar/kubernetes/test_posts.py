"""Posts: programs in one idle container of a pod, through a kubectl with prepared answers."""

from __future__ import annotations

import pytest
from cluster_pods import ended, pod
from fake_kubectl import put_on_path

from sidecar.kubernetes import ephemeral
from sidecar.kubernetes.ephemeral import among, beside
from sidecar.kubernetes.errors import ForbiddenError, KubernetesError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.pods import pods_of
from sidecar.kubernetes.posts import Posts

NAME = "sidecar-verify-0123abcd"


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers, and known names of containers."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    return put_on_path(tmp_path, monkeypatch)


def pod_of(data):
    """Return a pod as the kit reads it."""
    return pods_of({"items": [data]})[0]


def test_programs_share_the_one_post_of_their_pod(kubectl):
    """It is added once, and runs what it is given; `close` ends it."""
    kubectl.answer("get pod", ended(pod(), NAME, running={}))
    kubectl.answer("replace")
    kubectl.answer("exec", "printed\n")
    posts = Posts(Kubectl("shop"))

    found = [posts.run(pod_of(pod()), "kit:1", ("date", word), 5) for word in "ab"]
    posts.close()
    posts.close()

    runs = [argv[2:] for argv in kubectl.asked if "exec" in argv]
    assert ["printed\n", "printed\n"] == found
    assert 1 == len(kubectl.read)
    assert [("date", "a"), ("date", "b")] == [tuple(run[-2:]) for run in runs[:2]]
    assert {("demo-web-1", f"--container={NAME}")} == {tuple(run[:2]) for run in runs}
    assert "os.kill(1, 15)" in runs[2][-1]
    assert 3 == len(runs)


def test_a_user_who_may_add_no_container_is_told_so(kubectl):
    """By the missing right; there is nothing to end."""
    kubectl.answer("get pod", pod())
    lacks = (
        'Error from server (Forbidden): pods "p" is forbidden: User "ann" cannot update resource '
        '"pods/ephemeralcontainers" in API group "" in the namespace "shop"'
    )
    kubectl.answer("replace", err=lacks)
    posts = Posts(Kubectl("shop"))

    with pytest.raises(ForbiddenError, match="ann may not update pods/ephemeralcontainers"):
        posts.run(pod_of(pod()), "kit:1", ("date",), 5)
    posts.close()

    assert [] == [argv for argv in kubectl.asked if "exec" in argv]


def test_a_post_that_is_just_being_started_is_ended(kubectl, monkeypatch):
    """An interrupt between its begin and its first program leaves nothing behind."""
    monkeypatch.setattr(ephemeral, "_END_SECONDS", 0.01)
    kubectl.answer("get pod", pod())
    kubectl.answer("get pod", err="signal: interrupt")
    kubectl.answer("replace")
    kubectl.answer("exec", err="error: container not found")
    kubectl.answer("exec")
    posts = Posts(Kubectl("shop"))

    with pytest.raises(KubernetesError):
        posts.run(pod_of(pod()), "kit:1", ("date",), 5)
    posts.close()

    ends = [argv for argv in kubectl.asked if "exec" in argv]
    assert 2 == len(ends)
    assert f"--container={NAME}" in ends[-1]


@pytest.mark.parametrize(
    ("of_container", "of_pod", "user"), [(7, 8, 7), (None, 8, 8), (None, None, 10001)]
)
def test_a_program_beside_a_container_has_its_user(of_container, of_pod, user):
    """The container's, else the pod's, else the image's: the kernel lets no other one touch it."""
    data = pod()
    data["spec"]["securityContext"] = {"runAsUser": of_pod} if of_pod else {}
    data["spec"]["initContainers"][0]["securityContext"] = (
        {"runAsUser": of_container} if of_container else {}
    )

    made = beside(pod_of(data), "jaeger-agent", "kit:1", ("date",))

    assert (user, "jaeger-agent") == (
        made["securityContext"]["runAsUser"],
        made["targetContainerName"],
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"runAsUser": 7, "runAsGroup": 8}, (7, 8, True, ["ALL"])),
        ({"runAsUser": 7}, (7, None, True, ["ALL"])),
        ({"runAsUser": 0, "runAsGroup": 0}, (0, 0, False, None)),
        ({"runAsUser": 0, "capabilities": {"drop": ["ALL"]}}, (0, None, False, ["ALL"])),
        ({"runAsUser": 0, "capabilities": {"add": ["SYS_ADMIN"]}}, None),
        ({"runAsUser": 0, "privileged": True}, None),
        ({}, None),
    ],
)
def test_a_look_among_processes_has_their_user_and_no_more_rights(settings, expected):
    """None where nobody says who they are, or where they have more rights than any container."""
    data = pod()
    data["spec"]["containers"][0]["securityContext"] = settings
    made = among(pod_of(data), "web", "kit:1", ("date",))

    context = made and made["securityContext"]
    assert expected == (
        context
        and (
            context["runAsUser"],
            context.get("runAsGroup"),
            context["runAsNonRoot"],
            context.get("capabilities", {}).get("drop"),
        )
    )


def test_what_the_cluster_says_of_a_running_user_counts_more_than_the_specification():
    """As of Kubernetes 1.33 with a runtime that tells it: the image's own user."""
    data = pod()
    data["status"]["containerStatuses"][0]["user"] = {"linux": {"uid": 33, "gid": 34}}
    made = among(pod_of(data), "web", "kit:1", ("date",))

    assert ("web", 33, 34) == (
        made["targetContainerName"],
        made["securityContext"]["runAsUser"],
        made["securityContext"]["runAsGroup"],
    )
