"""What keeps `sidecar inject` from reading an input of manifests."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Collection

_UNTOUCHED = "The input stays as it is, and nothing gets an agent."


def _error(rule: str, summary: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, _UNTOUCHED, fix, example)


BROKEN = _error(
    "broken-manifest",
    "A manifest is not YAML that the Kubernetes API accepts.",
    "Correct this line, or the one before",
    "kind: [Deployment",
)
TEMPLATE = _error(
    "unrendered-template",
    "A manifest is a template that is not rendered yet.",
    "Render it first: `helm template NAME CHART | sidecar inject -`, or as a post-renderer",
    "image: {{ .Values.image }}",
)
DOUBLED = _error(
    "doubled-key",
    "A key of a manifest is given twice.",
    "Keep one",
    "{kind: Pod, kind: Deployment}",
)
TOO_LARGE = _error(
    "manifest-too-large",
    "A document is larger than 8 MiB.",
    "Split it: the API takes objects of 1.5 MiB; a List can be a stream of documents",
    "a List of 5,000 Deployments",
)
EXPLODING = _error(
    "exploding-manifest",
    "A document is nested too deeply, or its aliases make it too large.",
    "Write the values out",
    "a: &a [x, x], b: &b [*a, *a], c: &c [*b, *b], …",
)
NEITHER = _error(
    "neither-compose-nor-manifests",
    "A file is neither a Compose file nor Kubernetes manifests.",
    "Name a Compose file, manifests, a folder, or -",
    "[notes.txt]",
)
NOTHING_READ = Rule(
    "nothing-to-judge",
    Severity.ERROR,
    "The files that are to be judged hold no service and no object.",
    "An empty file, as a program leaves that failed, would count as valid.",
    "Name files that hold something",
    "sidecar validate empty.yaml",
)
NO_MANIFESTS = _error(
    "folder-without-manifests",
    "A folder that is named holds no manifests.",
    "Name a folder with *.yaml, *.yml or *.json; --recursive looks into its folders",
    "sidecar inject images/ --region cn-shanghai",
)
NO_SUCH_WORKLOAD = _error(
    "no-such-workload",
    "A workload that is named is not in the input.",
    "Name one that is there",
    "--service wbe",
)
IN_JSON = _error(
    "collector-in-json",
    "Collectors of a namespace share a forwarder, and a file of JSON has no room for it.",
    "Convert it to YAML, such as by `kubectl get -o yaml`, or set agent: {kind: jaeger-agent}",
    "kubectl get deployments -o json | sidecar inject - --file sidecar.yaml",
)


def named(given: str, names: Collection[str]) -> Problem | None:
    """Judge a name, or KIND/NAME, that a user gave, by the workloads of the input."""
    name = given.rpartition("/")[2]
    if name in names:
        return None
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0)
    fix = f"Did you mean {near[0]}?" if near else "The input has no workload"
    return NO_SUCH_WORKLOAD.problem("no workload of the input has this name", fix)


def kind_of_input(text: bytes, *, is_known: bool) -> Problem | None:
    """Judge how an input begins.

    `is_known`: it has a key of Compose files or of manifests, or holds nothing.
    """
    if is_known:
        return None
    if text.startswith(b"region:"):
        return NEITHER.problem("is a spec, which has a region", "Give it as --file")
    if b"\0" in text:
        return NEITHER.problem("is not UTF-8 text", "Save it as UTF-8")
    cause = "is neither a Compose file nor a manifest: no `services`, no `apiVersion`"
    return NEITHER.problem(cause)


def folder(*, holds_manifests: bool) -> Problem | None:
    """Judge whether a folder holds files of manifests."""
    return None if holds_manifests else NO_MANIFESTS.problem("has no manifests")


def nothing_read(*, is_empty: bool) -> Problem | None:
    """Judge whether the files to judge hold nothing of what is judged."""
    cause = "holds no service, and no object with an apiVersion and a kind"
    return NOTHING_READ.problem(cause) if is_empty else None


def in_json(data: bytes) -> Problem | None:
    """Judge how a stream begins to which objects are to be added."""
    if not data.lstrip().startswith(b"{"):
        return None
    return IN_JSON.problem("is JSON, to which the collectors' forwarder cannot be added")
