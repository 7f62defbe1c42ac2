"""What keeps a container of a pod from starting, or from being ready, by what its cluster says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Callable

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
_PROBE = re.compile(r"^(Startup|Liveness) probe failed", re.MULTILINE)
_KILLED = re.compile(r"exit code (137|143)|last ended: Error$")
_BEFORE = ("", "PodInitializing", "ContainerCreating", "CreateContainerConfigError")
"""Reasons before a program has run: no message is the program's own."""
_UNPULLED = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_NOT_STARTED = ("StartError", "ContainerCannotRun", "CreateContainerError", "RunContainerError")
_PULLS = (
    (
        r"\b40[13]\b|unauthorized|denied|authoriz|authentic",
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


if TYPE_CHECKING:
    _Judge = Callable[[Message], Problem | None]


def not_started(said: Message) -> Problem | None:
    """Judge why a container does not start; None where the message does not say it."""
    before: tuple[_Judge, ...] = (_object, _root, _volume) if said.reasons[0] in _BEFORE else ()
    for judge in (*before, _other_machine, _image, _program, _probe, _said):
        if problem := judge(said):
            return problem
    return None


def not_ready(trouble: str, pod: str = "") -> Problem | None:
    """Judge why no pod of a service takes requests; empty where one does, or may soon."""
    if not trouble:
        return None
    return NOT_READY.problem(trouble, f"See what its probe got: `kubectl describe pod {pod}`")


def _object(said: Message) -> Problem | None:
    forms = (_OBJECT, _KEY_OF, _KEY)
    given = next((found.groupdict() for form in forms if (found := form.search(said.text))), None)
    if not given:
        return None
    is_secret = given["kind"].lower() == "secret"
    name, key = given.get("name"), given.get("key")
    kind = "Secret" if is_secret else "ConfigMap"
    what = f"{kind} {name}" if name else f"the {kind} that it mounts"
    cause = f"{said.trouble}: {what} " + (f"has no key {key}" if key else "does not exist")
    if not is_secret:
        return CONFIG_MISSING.problem(cause)
    return SECRET_MISSING.problem(cause, _fix_of_secret(name, said.tokens))


def _fix_of_secret(name: str | None, tokens: tuple[str, ...]) -> str | None:
    """Return None where it may hold the token: the rule's own fix; a user's has another."""
    if name and tokens and name not in tokens:
        return f"Create Secret {name} in the pod's namespace, or mark it `optional: true`"
    return f"Run `sidecar token set --kubernetes-secret {name} --apply`" if name else None


def _other_machine(said: Message) -> Problem | None:
    found = _FORMAT.search(said.text)
    return OTHER_MACHINE.problem(f"{said.trouble}: {found[0]}") if found else None


def _image(said: Message) -> Problem | None:
    if said.reasons[0] not in _UNPULLED:
        return None
    text = f"{said.reasons[0]} {said.text}"
    for pattern, meaning, fix in _PULLS:
        if re.search(pattern, text, re.IGNORECASE):
            return IMAGE_MISSING.problem(f"{said.trouble}: {meaning}", fix)
    return IMAGE_MISSING.problem(said.trouble)


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
    found = _PROBE.search(said.text)
    is_killed = _KILLED.search(said.trouble)
    return PROBE_FAILED.problem(f"{said.trouble}: {found[0]}") if found and is_killed else None


def _said(said: Message) -> Problem | None:
    """Return the cluster's words, where nothing has run that could have written them."""
    if said.reasons[0] != "CreateContainerConfigError" or not said.text:
        return None
    return NOT_CONFIGURED.problem(f"{said.trouble}: {_line(said.text)}")


def _line(text: str) -> str:
    return mask(text.split("\n", maxsplit=1)[0].split(" (pod", maxsplit=1)[0])
