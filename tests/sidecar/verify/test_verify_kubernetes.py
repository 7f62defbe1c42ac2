"""A look into a release's pods, through a kubectl with prepared answers."""

from __future__ import annotations

import json

import pytest
from cluster_pods import ended, listed, of_job, pod, stand_in
from fake_kubectl import put_on_path

from sidecar.cli import build_parser
from sidecar.errors import SidecarError
from sidecar.kubernetes import ephemeral
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.pods import EVERY_POD, INJECTED
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.kubernetes.release import ReleaseDeployment
from sidecar.verify.look import Broken, Look, ReplicaLook, Task, as_line, from_text

NAME = "sidecar-verify-0123abcd"
SEEN = Look(
    ClientCounts(5, 5, {}, 1, ("t1",)),
    AgentCounts(),
    AgentCounts(1, spans_submitted=5, connected=1),
)


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers, known names of containers, and short waits."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    monkeypatch.setattr(ephemeral, "_POLL_SECONDS", 0.01)
    return put_on_path(tmp_path, monkeypatch)


@pytest.fixture
def release(kubectl):
    """Return a function that makes the deployment of some pods."""

    def call(*pods, **options):
        kubectl.answer("get pods --selector", listed(*pods))
        return ReleaseDeployment(Kubectl("shop"), "demo", **options)

    return call


def prepare(kubectl, data, printed: str) -> None:
    """Let the next look into a pod print this."""
    name = data["metadata"]["name"]
    kubectl.answer(f"get pod {name}", data)
    kubectl.answer(f"get pod {name}", ended(data, NAME, running={}))
    kubectl.answer(f"get pod {name}", ended(data, NAME))
    kubectl.answer("replace")
    kubectl.answer("logs", printed)


def test_the_releases_traced_pods_are_the_services(release) -> None:
    """Not the stand-in, the delivery test, or a Job that ended."""
    done = pod("demo-job-1", "job", phase="Succeeded")
    found = release(
        pod(), pod("demo-api-1", "api"), stand_in(), pod("demo-t", "delivery-test"), done
    )

    assert ["api", "web"] == found.services()
    assert () == found.notes


def test_a_foreign_charts_pods_are_found_by_their_labels(kubectl) -> None:
    """Its labels are its own."""
    foreign = pod()
    foreign["metadata"]["labels"] = {"app": "shop"}
    kubectl.answer("get pods --selector=app=shop", listed(foreign))
    kubectl.answer("get", listed())

    assert ["shop"] == ReleaseDeployment(Kubectl("shop"), "", selector="app=shop").services()
    with pytest.raises(
        SidecarError, match="selector app=none: has no traced pod in namespace shop"
    ):
        ReleaseDeployment(Kubectl("shop"), "", selector="app=none")


def test_what_inject_changed_needs_no_release(kubectl) -> None:
    """In its namespace, with a stand-in there; a workload whose pods are gone is missed."""
    mine, lost, own = pod("shop-1"), pod("lost-1"), pod("own-1", "own")
    for data, labels in ((mine, {"app": "shop"}), (lost, {"app": "lost"})):
        data["metadata"]["labels"] = labels
        data["metadata"]["annotations"] = {INJECTED: "0.1.0"}
    del lost["spec"]["initContainers"]
    template = {"metadata": {"annotations": {INJECTED: "0.1.0"}}, "spec": mine["spec"]}
    gone = {"metadata": {"name": "gone"}, "spec": {"template": template}}
    foreign = {"metadata": {"name": "foreign"}, "spec": {"template": own}}
    kubectl.answer(f"get pods --selector={EVERY_POD}", listed(mine, lost, own, stand_in()))
    kubectl.answer("get deployments,statefulsets", {"items": [gone, foreign]})
    found = ReleaseDeployment(Kubectl("shop"), "", selector=EVERY_POD)

    assert (["lost", "shop"], True) == (found.services(), found.has_stand_in)
    assert ["gone"] == [lack.service for lack in found.absent()]
    words = ["verify", "--injected"]
    assert EVERY_POD == build_parser("verify").parse_args(words).selector


def test_one_ready_pod_stands_for_its_service(release, kubectl) -> None:
    """A note counts the pods left out; --every-pod leaves out none."""
    pods = (pod("demo-web-1", ready=False, phase="Pending"), pod("demo-web-2"), pod("demo-web-3"))
    prepare(kubectl, pods[1], as_line(SEEN))
    found = release(*pods)

    assert (
        "web: 1 of 3 pods was looked at, 1 of them not ready; --every-pod looks at all",
    ) == found.notes
    assert SEEN == found.look(Task("web", "m", 5, 1))
    every = release(*pods, every_pod=True)
    assert (["demo-web-1", "demo-web-2", "demo-web-3"], ()) == (every.services(), every.notes)


def test_one_container_of_the_pods_own_image_looks(release, kubectl) -> None:
    """It is added to the unchanged pod, and meets Pod Security restricted."""
    prepare(kubectl, pod(), "a warning\n" + as_line(SEEN) + "\n")

    assert SEEN == release(pod(), stand_in()).look(Task("web", "m", 5, 1))
    (sent,) = kubectl.read
    (container,) = sent["spec"]["ephemeralContainers"]
    assert (
        "replace",
        "--raw=/api/v1/namespaces/shop/pods/demo-web-1/ephemeralcontainers",
        "--filename=-",
    ) == tuple(next(argv for argv in kubectl.asked if "replace" in argv)[1:])
    assert (NAME, "kit/gateway:1") == (container["name"], container["image"])
    assert [
        "python",
        "-m",
        "sidecar.verify.pod.look",
        "--service=web",
        "--marker=m",
    ] == container["command"][:5]
    assert ["--agent=127.0.0.1:6831", "--admin=http://127.0.0.1:14271"] == container["command"][-2:]
    assert {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    } == container["securityContext"]


def with_user(user):
    """Return a pod whose service runs as a user."""
    data = pod()
    data["spec"]["containers"][0]["securityContext"] = {"runAsUser": user}
    return data


@pytest.mark.parametrize(
    ("user", "path_only", "target"),
    [(1234, False, "web"), (1234, True, None), (0, False, "web")],
)
def test_a_look_at_the_service_sees_its_processes(
    release, kubectl, user: int, path_only: bool, target
) -> None:
    """Under their user; whoever proves the path only does without."""
    made = with_user(user)
    prepare(kubectl, made, as_line(SEEN))
    release(made).look(Task("web", "m", 5, 1, path_only=path_only))
    (container,) = kubectl.read[0]["spec"]["ephemeralContainers"]

    assert target == container.get("targetContainerName")
    assert bool(target) == ("--variables" in container["command"])
    assert (user if target else 10001) == container["securityContext"]["runAsUser"]


def test_where_no_container_may_run_as_root_the_look_does_without(release, kubectl) -> None:
    """A policy may forbid for new containers what the service still does."""
    made = with_user(0)
    refused = 'Error from server (Forbidden): pods "demo-web-1" is forbidden: violates PodSecurity'
    kubectl.answer("replace", err=refused)
    prepare(kubectl, made, as_line(SEEN))

    assert SEEN == release(made).look(Task("web", "m", 5, 1))
    first, second = (sent["spec"]["ephemeralContainers"][0] for sent in kubectl.read)
    assert (0, 10001) == tuple(one["securityContext"]["runAsUser"] for one in (first, second))


@pytest.mark.parametrize(
    ("pods", "options", "image"),
    [
        ((pod(),), {"image": "mine:3"}, "mine:3"),
        ((pod(image=""), stand_in()), {}, "registry.example.com/kit/gateway:2"),
        ((pod(image=""),), {}, "sidecar-kit/gateway:0.1.0"),
    ],
    ids=["named", "stand-in", "official"],
)
def test_the_image_is_the_named_one_or_the_releases(
    release, kubectl, pods, options, image: str
) -> None:
    """--image, the pod's annotation, the stand-in's, the official name."""
    prepare(kubectl, pods[0], as_line(SEEN))
    release(*pods, **options).look(Task("web", "m", 5, 1))

    assert image == kubectl.read[0]["spec"]["ephemeralContainers"][0]["image"]


def test_earlier_looks_stay_in_the_pod(release, kubectl) -> None:
    """The cluster refuses to remove one; a pod that changed in between is read again."""
    looked = pod()
    looked["spec"]["ephemeralContainers"] = [{"name": "sidecar-verify-old"}]
    kubectl.answer("get pod demo-web-1", looked)
    kubectl.answer("replace", err="Error from server (Conflict): the object has been modified\n")
    prepare(kubectl, looked, as_line(SEEN))

    assert SEEN == release(looked).look(Task("web", "m", 5, 1))
    assert [["sidecar-verify-old", NAME]] * 2 == [
        [one["name"] for one in sent["spec"]["ephemeralContainers"]] for sent in kubectl.read
    ]


def test_a_pod_that_changes_at_every_try_is_an_error(release, kubectl) -> None:
    """The tries are limited."""
    kubectl.answer("get pod demo-web-1", pod())
    kubectl.answer("replace", err="Error from server (Conflict): the object has been modified\n")

    with pytest.raises(SidecarError, match="the object has been modified"):
        release(pod()).look(Task("web", "m", 5, 1))


@pytest.mark.parametrize(
    ("stderr", "cause", "fix"),
    [
        (
            (
                'Error from server (Forbidden): pods "p" is forbidden: User "ann" cannot update '
                'resource "pods/ephemeralcontainers" in API group "" in the namespace "shop"'
            ),
            "user ann may not update pods/ephemeralcontainers in namespace shop",
            "another Pod does not share: permit update of pods/ephemeralcontainers",
        ),
        (
            'Error from server: admission webhook "x" denied the request: no',
            "the cluster does not admit it",
            "`helm test`",
        ),
        (
            'Error from server (NotFound): pods "p" not found',
            "ended during the check",
            "verify again",
        ),
    ],
)
def test_a_pod_that_may_not_be_looked_into_is_an_error(
    release, kubectl, stderr: str, cause: str, fix: str
) -> None:
    """The message names the right to permit, and why there is no other way."""
    kubectl.answer("get pod demo-web-1", pod())
    kubectl.answer("replace", err=stderr)
    with pytest.raises(SidecarError) as caught:
        release(pod()).look(Task("web", "m", 5, 1))

    assert "demo-web-1" == caught.value.subject
    assert cause in caught.value.cause
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("reason", "patience"), [("InvalidImageName", 60), ("ImagePullBackOff", 0)]
)
def test_an_unavailable_image_is_named(
    release, kubectl, monkeypatch, reason: str, patience: int
) -> None:
    """At once for a wrong name; after the node's retries for a failed pull."""
    monkeypatch.setattr(ephemeral, "START_SECONDS", patience)
    kubectl.answer("get pod demo-web-1", pod())
    kubectl.answer("get pod demo-web-1", ended(pod(), NAME, waiting={"reason": reason}))
    kubectl.answer("replace")

    with pytest.raises(
        SidecarError, match=rf"cannot run kit/gateway:1: {reason}\. Name one that the cluster has"
    ):
        release(pod()).look(Task("web", "m", 5, 1))


def test_a_look_that_does_not_end_is_an_error(release, kubectl, monkeypatch) -> None:
    """Its time is limited."""
    monkeypatch.setattr(ephemeral, "START_SECONDS", 0.0)
    kubectl.answer("get pod demo-web-1", ended(pod(), NAME, running={}))
    kubectl.answer("replace")

    with pytest.raises(
        SidecarError, match="the check from inside the pod did not finish within 0 s: it runs"
    ) as caught:
        release(pod()).look(Task("web", "m", 5, 0))

    assert "`kubectl -n shop describe pod demo-web-1`" in caught.value.fix


@pytest.mark.parametrize(
    "printed", ["", "Traceback\nNo module named sidecar.verify.pod.look\n", '{"odd": 1}\n']
)
def test_another_image_is_recognized_by_its_output(release, kubectl, printed: str) -> None:
    """The message has the last line, never a traceback."""
    prepare(kubectl, pod(), printed)
    cause = (printed.strip().splitlines() or ["it printed nothing"])[-1]

    with pytest.raises(SidecarError) as caught:
        release(pod()).look(Task("web", "m", 5, 1))
    assert f"cannot be looked into: {cause}" == caught.value.cause
    assert "Is kit/gateway:1 the gateway image of this kit's version?" in caught.value.fix


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        (
            {"agent": {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}},
            "demo-web-1: the agent waits: CrashLoopBackOff",
        ),
        (
            {"agent": {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}},
            "demo-web-1: the agent ended: OOMKilled, exit code 137",
        ),
        (
            {"agent": {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}},
            "demo-web-1: the agent ended: Completed, exit code 0",
        ),
        ({"phase": "Pending", "ready": False}, "demo-web-1: is Pending, and not ready"),
    ],
)
def test_a_dead_agent_is_named_without_a_look(release, kubectl, changes, cause: str) -> None:
    """By the pod's status; nothing is added to the pod."""
    look = release(pod(**changes)).look(Task("web", "m", 5, 1))

    assert ("agent received", cause) == (look.broken.hop, look.broken.cause)
    assert [] == kubectl.read


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ({"state": {"waiting": {"reason": "ImagePullBackOff"}}}, "part-without-image"),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, "part-crashing"),
        (
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            },
            "part-out-of-memory",
        ),
        ({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}, "part-not-running"),
    ],
)
def test_a_dead_agent_has_the_id_of_its_cause(release, status, rule: str) -> None:
    """The pod's status says how it ended, now and before."""
    assert rule == release(pod(agent=status)).look(Task("web", "m", 5, 1)).broken.id


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            'MountVolume.SetUp failed for volume "token" : secret "tracing" not found',
            "Secret tracing does not exist",
        ),
        (
            'MountVolume.SetUp failed for volume "token" : references non-existent secret key: a.y',
            "the Secret that it mounts has no key a.y",
        ),
    ],
)
def test_a_secret_that_is_missing_is_named(release, kubectl, message: str, cause: str) -> None:
    """The pod's status says only that it initializes; the cluster's warnings say why."""
    waits = {"state": {"waiting": {"reason": "PodInitializing"}}}
    kubectl.answer("get events", {"items": [{"message": message}]})
    look = release(pod(agent=waits, phase="Pending")).look(Task("web", "m", 5, 1))

    assert "secret-missing" == look.broken.id
    assert f"demo-web-1: the agent waits: PodInitializing: {cause}" == look.broken.cause


def test_a_user_who_may_not_list_events_gets_the_pods_state(release, kubectl) -> None:
    """The right is optional."""
    waits = {"state": {"waiting": {"reason": "PodInitializing"}}}
    kubectl.answer("get events", err="Error from server (Forbidden): events is forbidden")
    look = release(pod(agent=waits, phase="Pending")).look(Task("web", "m", 5, 1))

    assert ("part-not-running", "demo-web-1: the agent waits: PodInitializing") == (
        look.broken.id,
        look.broken.cause,
    )


def without_agent(name="demo-api-1", component="api"):
    """Return a pod of the chart whose agent was taken away."""
    data = pod(name, component)
    data["spec"]["initContainers"] = []
    data["status"]["initContainerStatuses"] = []
    return data


def test_a_service_without_its_agent_is_not_proven(release, kubectl) -> None:
    """Others of the release have one; of two pods, the one without is looked at."""
    found = release(pod(), without_agent(), pod("demo-api-2", "api"), stand_in())
    look = found.look(Task("api", "m", 5, 1))

    assert ["api", "web"] == found.services()
    assert ("agent received", "missing-part") == (look.broken.hop, look.broken.id)
    assert look.broken.cause.startswith("demo-api-1: its pod has no container jaeger-agent")
    assert [] == kubectl.read


def test_a_pod_without_an_agent_that_ends_is_left_out(release) -> None:
    """Its successor has one."""
    old = without_agent()
    old["metadata"]["deletionTimestamp"] = "2026-11-26T03:00:00Z"

    assert ["web"] == release(pod(), old).services()


UNANSWERED = Broken("agent received", "127.0.0.1: does not answer", "", "part-not-answering")
OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
ERROR = {"terminated": {"exitCode": 2, "reason": "Error"}}


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ({"state": OOM}, "part-out-of-memory"),
        ({"state": {"running": {}}, "lastState": OOM, "restartCount": 1}, "part-out-of-memory"),
        ({"state": {"running": {}}, "lastState": ERROR, "restartCount": 1}, "part-crashing"),
        ({"state": {"running": {}}}, "part-not-answering"),
    ],
    ids=["has ended", "started again", "crashed", "runs"],
)
def test_an_agent_that_ends_during_the_look_is_told_from_a_silent_one(
    release, kubectl, status, rule: str
) -> None:
    """Its pod is read again."""
    prepare(kubectl, pod(), as_line(Look(broken=UNANSWERED)))
    kubectl.answer("get pod demo-web-1", ended(pod(agent=status), NAME))

    assert rule == release(pod()).look(Task("web", "m", 5, 1)).broken.id


def test_an_agent_that_started_again_says_why(release, kubectl) -> None:
    """The cluster keeps how a container ended before."""
    last = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    kubectl.answer("get pod demo-web-1", pod(agent={"state": {"running": {}}, "lastState": last}))

    assert "part-out-of-memory" == release(pod()).restart("web").rule.id


def test_the_agents_log_is_that_since_verify_began(release, kubectl) -> None:
    """From the agent's container."""
    kubectl.answer("logs", "code = Unauthenticated")

    assert "code = Unauthenticated" == release(pod()).agent_log("web")
    argv = kubectl.asked[-1]
    assert ["logs", "demo-web-1", "--container=jaeger-agent"] == argv[1:4]
    assert argv[4].startswith("--since-time=20")


def test_the_relays_log_is_that_of_the_same_charts_relays(release, kubectl) -> None:
    """From each relay's container; another part of that release is none."""
    relay = pod("demo-relay-0", "relay")
    del relay["spec"]["initContainers"]
    kubectl.answer("logs", "[token-refused]")
    deployment = release(pod(), relay, pod("demo-front-1", "front"))

    assert "[token-refused]" == deployment.relay_log("web")
    assert ["logs", "demo-relay-0", "--container=relay"] == kubectl.asked[-1][1:4]


def test_the_stand_in_is_read_inside_its_pod(release, kubectl) -> None:
    """By the marker; no NetworkPolicy can block that."""
    kubectl.answer("exec", {"accepted": 5, "refused": 0, "distinct": 5, "dropped": 0})

    assert GatewayCounts(5, 0, 5) == release(pod(), stand_in()).gateway("m", 5, 1)
    assert [
        "python",
        "-m",
        "sidecar.verify.network.reader",
        "gateway",
        "m",
        "--settled=5",
        "--seconds=1",
    ] == (kubectl.asked[-1][5:])


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (
            {"out": {"kept": 5}},
            "demo-gateway-1: its stand-in has other counters than this kit's version",
        ),
        ({"out": "hello"}, "kubernetes: kubectl exec printed no JSON"),
        (
            {"err": "URLError: connection refused\ncommand terminated with exit code 1"},
            "kubernetes: URLError: connection refused",
        ),
    ],
)
def test_a_stand_in_that_cannot_be_read_is_an_error(release, kubectl, answer, cause: str) -> None:
    """Another version, another program, or no answer."""
    kubectl.answer("exec", **answer)

    with pytest.raises(SidecarError, match=f"^{cause}"):
        release(pod(), stand_in()).gateway("m", 5, 1)


def test_a_region_shows_no_counts(release) -> None:
    """The release runs no stand-in."""
    assert release(pod()).gateway("m", 5, 1) is None


@pytest.mark.parametrize(
    ("namespace", "others", "text"),
    [
        (
            {},
            [pod(release="other")],
            r"release demo: has no traced pod in namespace shop\. Releases with.*: other$",
        ),
        ({}, [], r"release demo: has no traced pod in namespace shop\. See `helm list"),
        (
            'Error from server (NotFound): namespaces "shop" not found',
            [],
            r"namespace shop: does not exist\. See `kubectl get namespaces`",
        ),
        (
            (
                'Error from server (Forbidden): User "ann" cannot get resource "namespaces" '
                'in API group ""'
            ),
            [],
            "release demo: has no traced pod in namespace shop",
        ),
    ],
    ids=["another release", "empty", "no namespace", "may not ask"],
)
def test_an_absent_release_is_an_error(release, kubectl, namespace, others, text: str) -> None:
    """The message names the namespace, or the releases that exist."""
    if isinstance(namespace, str):
        kubectl.answer("get namespace", err=namespace)
    else:
        kubectl.answer("get namespace", namespace)
    kubectl.answer("get pods --output", listed(*others))

    with pytest.raises(SidecarError, match=text):
        release(stand_in())


def test_a_release_whose_pods_are_all_refused_is_no_absent_one(release, kubectl) -> None:
    """A first install under a quota has Deployments and no pod."""
    refused = "exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3"
    condition = {"type": "ReplicaFailure", "message": f'pods "demo-web-1" is forbidden: {refused}'}
    template = {"metadata": pod()["metadata"], "spec": pod()["spec"]}
    deployment = {"metadata": {"name": "demo-web"}, "spec": {"template": template}}
    kubectl.answer(
        "get deployments", {"items": [{**deployment, "status": {"conditions": [condition]}}]}
    )

    text = f"^release demo, web: a pod is refused: {refused}"
    with pytest.raises(SidecarError, match=text) as found:
        release()
    assert "pod-over-quota" == found.value.id


def test_the_contexts_own_namespace_is_not_asked_for(kubectl) -> None:
    """Its name is not known here."""
    kubectl.answer("get pods", listed())

    with pytest.raises(
        SidecarError, match="release demo: has no traced pod in the context's namespace"
    ):
        ReleaseDeployment(Kubectl(), "demo")


def test_the_command_prints_the_proof(run, kubectl) -> None:
    """--release chooses the target; JSON is as for Compose."""
    prepare(kubectl, pod(), as_line(SEEN))
    kubectl.answer("get pods", listed(pod(), stand_in()))
    kubectl.answer("exec", {"accepted": 5, "refused": 0, "distinct": 5, "dropped": 0})
    done = run(
        "verify", "--release", "demo", "--namespace", "shop", "--spans", "5", "--output", "json"
    )

    assert (0, "") == (done.code, done.err)
    assert [
        ("client sent", 5),
        ("agent received", 1),
        ("agent submitted", 5),
        ("gateway accepted", 5),
    ] == [(hop["hop"], hop["figure"]) for hop in json.loads(done.out)["hops"]]


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (
            ["--target", "kubernetes"],
            "--target kubernetes needs the release, or the labels of its pods",
        ),
        (
            ["--release", "demo", "--selector", "app=shop"],
            "--target kubernetes needs the release, or the labels",
        ),
        (["--release", "demo", "--out", "x"], "--out is for Compose only"),
        (["--namespace", "shop"], "--namespace needs --target kubernetes"),
        (
            ["--target", "process", "--every-pod", "--image", "x"],
            "--every-pod, --image needs --target kubernetes",
        ),
    ],
)
def test_flags_that_do_not_fit_are_usage_errors(run, arguments, cause: str) -> None:
    """Exit 2; the message names the target of the flags."""
    done = run("verify", *arguments)

    assert 2 == done.code
    assert cause in done.err


@pytest.mark.parametrize(
    "look", [SEEN, Look(SEEN.client), Look(broken=Broken("client sent", "gone", "start it"))]
)
def test_a_look_travels_as_one_line(look: Look) -> None:
    """Counts, an absent agent, and a broken hop."""
    assert look == from_text(as_line(look))


def done(name: str = "demo-migrate-x", component: str = "migrate"):
    """Return the pod of a Job whose work is done."""
    return of_job(name, "demo-migrate", component, phase="Succeeded", ready=False)


def test_a_job_that_has_ended_is_looked_at_without_its_pod(release) -> None:
    """The stand-in knows its spans by the pod's name; nothing else can be counted."""
    found = release(pod(), done())
    replica = ReplicaLook("demo-migrate-x", "demo-migrate-x", ended=True, service="migrate")

    assert ["web", "migrate"] == found.services()
    assert Look(replicas=(replica,)) == found.look(Task("migrate", "m", 5, 1))


def test_a_release_of_ended_jobs_alone_is_there(release) -> None:
    """It is no release without traced pods."""
    assert ["migrate"] == release(done()).services()


def crashing(release, *, code: int = 1):
    """Return what a look says of a service that ends again and again."""
    ended = {"terminated": {"exitCode": code, "reason": "Error"}}
    data = pod(ready=False)
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    data["status"]["containerStatuses"] = [{"name": "web", "state": waits, "lastState": ended}]
    return release(data).look(Task("web", "m", 5, 1)).broken


LAST_LOG = "logs demo-web-1 -c web --previous --tail=1"


def test_a_program_for_another_processor_is_known_by_its_last_words(release, kubectl) -> None:
    """The cluster says only that it ended."""
    kubectl.answer(LAST_LOG, "exec /usr/local/bin/gunicorn: exec format error\n")
    kubectl.answer("get events", {"items": []})

    assert "image-of-other-machine" == crashing(release).id


@pytest.mark.parametrize(
    ("code", "rule"), [(137, "part-fails-its-probe"), (1, "part-crashing")], ids=["killed", "ended"]
)
def test_a_container_that_its_probe_ends_has_the_id_of_that(
    release, kubectl, code: int, rule: str
) -> None:
    """By the warnings about itself; an end of its own is none of a probe's. No log is repeated."""
    kubectl.answer(LAST_LOG, "token=abc123@0123456789abcde_abc123@53df7ad2afe8301")
    about = {"fieldPath": "spec.containers{web}"}
    warning = {"message": "Liveness probe failed: statuscode: 500", "involvedObject": about}
    kubectl.answer("get events", {"items": [warning]})
    found = crashing(release, code=code)

    assert (rule, False) == (found.id, "@" in found.cause)


def test_the_warnings_of_another_container_say_nothing(release, kubectl) -> None:
    """As those of an agent that is slow to start."""
    kubectl.answer(LAST_LOG, "")
    about = {"fieldPath": "spec.initContainers{jaeger-agent}"}
    warning = {"message": "Startup probe failed: x", "involvedObject": about}
    kubectl.answer("get events", {"items": [warning]})

    assert "part-crashing" == crashing(release, code=137).id


def test_the_warnings_of_a_former_pod_say_nothing(release, kubectl) -> None:
    """It had the same name, as the pods of a StatefulSet have."""
    kubectl.answer(LAST_LOG, "")
    about = {"fieldPath": "spec.containers{web}", "uid": "former"}
    warning = {"message": "Liveness probe failed: statuscode: 500", "involvedObject": about}
    kubectl.answer("get events", {"items": [warning]})

    assert "part-crashing" == crashing(release, code=137).id


def test_a_user_who_may_not_read_logs_gets_the_pods_state(release, kubectl) -> None:
    """The right is optional."""
    kubectl.answer("logs", err="Error from server (Forbidden): pods/log is forbidden")
    kubectl.answer("get events", err="Error from server (Forbidden): events is forbidden")

    assert "part-crashing" == crashing(release).id
