"""What keeps a container of a pod from starting, or from being ready, by what its cluster says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NO_SPANS = "The pod does not start, and its service reports nothing."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NO_SPANS) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


IMAGE_MISSING = _error(
    "part-without-image",
    "The image of a container cannot be pulled or started.",
    "Check the image's name and the registry's secret; `sidecar images` lists the kit's images",
    "waits: ImagePullBackOff",
    "The spans of the service do not arrive.",
)
OTHER_MACHINE = _error(
    "image-of-other-machine",
    "An image is for another kind of processor than the node's.",
    "Build it for the node's too, or choose nodes by their label kubernetes.io/arch",
    "exec /usr/local/bin/python: exec format error",
)
SECRET_MISSING = _error(
    "secret-missing",
    "A Secret that a pod needs does not exist, or lacks a key.",
    "Run `sidecar token set --kubernetes-secret NAME --apply`",
    "waits: PodInitializing, after `kubectl delete secret tracing`",
    "The pod does not start.",
)
CONFIG_MISSING = _error(
    "config-map-missing",
    "A ConfigMap that a pod needs does not exist, or lacks a key.",
    "Create it in the pod's namespace, or mark it `optional: true`",
    'waits: CreateContainerConfigError: configmap "web" not found',
)
NOT_MOUNTED = _error(
    "volume-not-mounted",
    "A volume of a pod cannot be mounted.",
    "See `kubectl describe pod`, and `kubectl get pvc,pv` for a claim",
    'MountVolume.SetUp failed for volume "data": rpc error',
)
AS_ROOT = _error(
    "container-as-root",
    "A container would run as root, or as a user by name, where it must not.",
    "Set `runAsUser` of the service, or a USER with a number in its image",
    "container has runAsNonRoot and image will run as root",
)
NOT_CONFIGURED = _error(
    "container-not-created",
    "A container cannot be created as its pod describes it.",
    "Change what the cluster names; see `kubectl describe pod`",
    "failed to prepare subPath for volumeMount",
)
PROGRAM_MISSING = _error(
    "part-cannot-start",
    "A container's program cannot be started.",
    "Compare `command`, `args` and the working directory with what the image has",
    'exec: "gunicorn": executable file not found in $PATH',
)
PROBE_FAILED = _error(
    "part-fails-its-probe",
    "A container is killed again and again, because its startup or liveness probe fails.",
    "Give it more time with `health.startSeconds`, or see `kubectl describe pod`",
    "Liveness probe failed: HTTP probe failed with statuscode: 500",
    "It is restarted in the middle of its work.",
)
WAITS_FOR_INIT = _error(
    "init-container-runs",
    "An init container of a pod has not ended yet, and its service waits for it.",
    "See its log: `kubectl logs POD -c CONTAINER`",
    "an init container that waits for a database which is not there",
)
ENDS = _error(
    "service-ends",
    "The program of a service ends without an error, and is restarted each time.",
    "Let it keep running, or make it a job: `jobs` of the chart, `kind: job` of a spec",
    "container web waits: CrashLoopBackOff, last ended: Completed, exit code 0",
    "While it waits for its next start, its service reports nothing.",
)
NOT_READY = _error(
    "service-not-ready",
    "A service runs, and no pod of it is ready.",
    "See what its probe got: `kubectl describe pod`",
    "container web runs, and is not ready: its readinessProbe fails",
    "It gets no requests, so it reports next to nothing.",
)

_OBJECT = re.compile(r'(?P<kind>secret|configmap)s? "(?P<name>[^"]+)" not found')
_KEY = re.compile(r"non-existent (?P<kind>secret|config) key: (?P<key>\S+)")
_KEY_OF = re.compile(
    r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) \S+/(?P<name>\S+)"
)
_VOLUME = re.compile(r'failed for volume "(?P<name>[^"]+)"')
FOREIGN = "exec format error"
"""The last words of a container whose program is for another kind of processor."""
_FORMAT = re.compile(rf"{FOREIGN}|no match for platform|no matching manifest")
_ROOT = re.compile(r"runAsNonRoot|run as root|non-root policy", re.IGNORECASE)
_PROGRAM = re.compile(r'exec: "[^\n]*|[^\n:]*: no such file or directory|mkdir [^\n]*')
_PROBE = re.compile(r"^(Startup|Liveness) probe failed.*", re.MULTILINE)
_KILLED = re.compile(r"exit code (137|143)|last ended: Error$")
_PROBE_KILLS = re.compile(r"failed (startup|liveness) probe, will be restarted")
"""The cluster's words, whatever the exit code of a program that it ended by a signal."""
_ENDED_WELL = "Completed, exit code 0"
_BEFORE = ("", "PodInitializing", "ContainerCreating", "CreateContainerConfigError")
"""Reasons before a program has run: no message is the program's own."""
UNPULLED = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_NOT_STARTED = ("StartError", "ContainerCannotRun", "CreateContainerError", "RunContainerError")
_NO_PULL_SECRET = re.compile(r"retrieve some image pull secrets \((?P<names>[^)]+)\)")
_REFUSED_PULL = r"\b40[13]\b|unauthorized|denied|authoriz|authentic"
_PULLS = (
    (
        _REFUSED_PULL,
        "the registry refuses it",
        "Name a Secret of the registry: global.imagePullSecrets",
    ),
    (
        r"no such host|refused|timeout|timed out|unreachable|x509|certificate",
        "the node does not reach the registry",
        "Check the registry's address, or use a mirror: global.imageRegistry",
    ),
    (r"not found|manifest unknown", "the registry has no such image", "Check its name and tag"),
    (r"InvalidImageName|invalid reference", "is not an image's name", "Check its name and tag"),
    (
        r"ErrImageNeverPull|pull policy",
        "the node has no such image, and pullPolicy is Never",
        "Load it into the node, or change images.pullPolicy",
    ),
)
"""What a message of a pull has, what that means, and what to do."""


class Message(NamedTuple):
    """What the cluster says of a container that does not start."""

    trouble: str
    """In one line, such as "the agent waits: CrashLoopBackOff"."""
    reasons: tuple[str, str] = ("", "")
    """Why it waits or has ended, and why it ended before."""
    text: str = ""
    tokens: tuple[str, ...] = ()
    """Secrets that hold the token, where that is known."""
    volumes: tuple[tuple[str, str], ...] = ()
    """Of the pod: each volume's name, and that of its Secret or ConfigMap."""


if TYPE_CHECKING:
    _Judge = Callable[[Message], Problem | None]


def not_started(said: Message) -> Problem | None:
    """Judge why a container does not start; None where the message does not say it."""
    before: tuple[_Judge, ...] = (_object, _root, _volume) if said.reasons[0] in _BEFORE else ()
    for judge in (*before, _other_machine, _image, _program, _probe, _ends, _said):
        if problem := judge(said):
            return problem
    return None


def not_ready(trouble: str, pod: str = "") -> Problem | None:
    """Judge why no pod of a service takes requests; empty where one does, or may soon."""
    if not trouble:
        return None
    return NOT_READY.problem(trouble, f"See what its probe got: `kubectl describe pod {pod}`")


def waits_for_gates(pod: str, gates: Sequence[str]) -> Problem | None:
    """Judge a pod whose containers are ready by its readiness gates that are not."""
    if not gates:
        return None
    cause = f"its containers are ready, and its readiness gates are not: {', '.join(gates)}"
    see = f"`kubectl get pod {pod} --output yaml`"
    return NOT_READY.problem(cause, f"Find out why their controller does not set them: {see}")


def waits_for(pod: str, container: str, seconds: float = 0) -> Problem | None:
    """Judge a pod by its init container that runs, for so long; empty where none does."""
    if not container:
        return None
    cause = f"waits for its init container {container}, which has not ended for {seconds:.0f} s"
    return WAITS_FOR_INIT.problem(cause, f"See its log: `kubectl logs {pod} -c {container}`")


def _object(said: Message) -> Problem | None:
    given = next(
        (found for form in (_OBJECT, _KEY_OF, _KEY) if (found := form.search(said.text))), None
    )
    if not given:
        return None
    groups = given.groupdict()
    is_secret = groups["kind"].lower() == "secret"
    name, key = groups.get("name") or _mounted(said), groups.get("key") or ""
    kind = "Secret" if is_secret else "ConfigMap"
    what = f"{kind} {name}" if name else f"the {kind} that it mounts"
    cause = f"{said.trouble}: {what} " + (f"has no key {key}" if key else "does not exist")
    rule = SECRET_MISSING if is_secret else CONFIG_MISSING
    if is_secret and (not name or not said.tokens or name in said.tokens):  # it may be the token's
        fix = f"Run `sidecar token set --kubernetes-secret {name} --apply`" if name else None
        return rule.problem(cause, fix)
    return rule.problem(cause, _fix_of(what, key))


def _fix_of(what: str, key: str) -> str:
    """Return what to do where a user's own object, or a key of it, is missing."""
    if key:
        return f"Add the key to {what}, or name one that it has"
    return f"Create {what} in the pod's namespace, or mark it `optional: true`"


def _mounted(said: Message) -> str | None:
    """Return the Secret or ConfigMap of the volume that a message names."""
    found = _VOLUME.search(said.text)
    return dict(said.volumes).get(found["name"]) if found else None


def _other_machine(said: Message) -> Problem | None:
    found = _FORMAT.search(said.text)
    return OTHER_MACHINE.problem(f"{said.trouble}: {found[0]}") if found else None


def _image(said: Message) -> Problem | None:
    if said.reasons[0] not in UNPULLED:
        return None
    text = f"{said.reasons[0]} {said.text}"
    secrets = _NO_PULL_SECRET.search(text)
    if secrets and re.search(_REFUSED_PULL, _NO_PULL_SECRET.sub("", text), re.IGNORECASE):
        return _without_pull_secret(said, secrets["names"])
    for part in (text.partition("\n")[0], text):  # events may be of an earlier attempt
        for pattern, meaning, fix in _PULLS:
            if re.search(pattern, part, re.IGNORECASE):
                return IMAGE_MISSING.problem(f"{said.trouble}: {meaning}", fix)
    return IMAGE_MISSING.problem(said.trouble)


def _without_pull_secret(said: Message, names: str) -> Problem:
    cause = f"{said.trouble}: the registry refuses it, and pull secret {names} does not exist"
    create = f"`kubectl create secret docker-registry {names.partition(',')[0]} …`"
    return IMAGE_MISSING.problem(cause, f"Create it in the pod's namespace: {create}")


def _root(said: Message) -> Problem | None:
    return (
        AS_ROOT.problem(f"{said.trouble}: {_line(said.text)}") if _ROOT.search(said.text) else None
    )


def _volume(said: Message) -> Problem | None:
    found = _VOLUME.search(said.text)
    return NOT_MOUNTED.problem(f"{said.trouble}: volume {found['name']}") if found else None


def _program(said: Message) -> Problem | None:
    if not set(said.reasons).intersection(_NOT_STARTED):
        return None
    found = _PROGRAM.search(said.text)
    return PROGRAM_MISSING.problem(said.trouble + (f": {mask(found[0])}" if found else ""))


def _probe(said: Message) -> Problem | None:
    found, kills = _PROBE.search(said.text), _PROBE_KILLS.search(said.text)
    if not kills and not (found and _KILLED.search(said.trouble)):
        return None
    why = found[0] if found else f"{kills[1].capitalize()} probe failed" if kills else ""
    return PROBE_FAILED.problem(f"{said.trouble}: {mask(why)}")


def _ends(said: Message) -> Problem | None:
    is_agent = said.trouble.startswith("the agent")
    return ENDS.problem(said.trouble) if _ENDED_WELL in said.trouble and not is_agent else None


def _said(said: Message) -> Problem | None:
    """Return the cluster's words, where nothing has run that could have written them."""
    if said.reasons[0] != "CreateContainerConfigError" or not said.text:
        return None
    return NOT_CONFIGURED.problem(f"{said.trouble}: {_line(said.text)}")


def _line(text: str) -> str:
    return mask(text.split("\n", maxsplit=1)[0].split(" (pod", maxsplit=1)[0])
