"""Checks of a plan's chart, by Helm itself and the schemas of the API; no cluster is asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from sidecar.findings import Problem
from sidecar.rules import charts, pod_storage, selectors
from sidecar.rules.api_values import refused, template_of
from sidecar.targets import helm
from sidecar.targets.helm.differences import differences
from sidecar.targets.helm.values import is_read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from sidecar.findings import Finding
    from sidecar.plan import Plan
    from sidecar.rendering import Rendering
    from sidecar.spec.load import Loaded

KUBERNETES = tuple(f"1.{minor}.0" for minor in range(27, 35))
"""The versions that the chart supports."""
JOBS_SINCE = "1.29.0"
"""The first with native agents, without which a Job does not complete: the chart refuses it."""
OPERATORS = ("monitoring.coreos.com/",)
"""API groups of others, which are not in the schemas of the API."""
_SECONDS = 60
_VALUE = re.compile(r"\b(?:services|jobs|cronJobs)[./](?P<name>[a-z0-9-]+)(?:[./](?P<key>\w+))?")
"""Where Helm's messages say a value is."""
_OBJECT = re.compile(r"\bvalidate-(?P<name>[a-z0-9-]+)")
_KEYS = {
    "extraEnv": "kubernetes.env",
    "extraVolumes": "kubernetes.volumes",
    "extraVolumeMounts": "kubernetes.volumeMounts",
    "extraContainers": "kubernetes.containers",
    "extraPorts": "ports",
    "terminationGracePeriodSeconds": "stop_grace",
}
"""Keys of the chart → those of a spec with another name."""
_CHARTS_KEY = re.compile(r"(?P<before>\b(?:services|jobs|cronJobs)\.[a-z0-9-]+\.|Use )(?P<key>\w+)")
_AT = re.compile(r"- at '/(?P<path>[^']*)': (?P<cause>.*)")
"""What Helm says of a value that does not follow the chart's schema."""
_IN_TEMPLATE = re.compile(r"Error: execution error at \([^)]*\): ")


class _Fault(NamedTuple):
    """What is wrong with a chart for one version of Kubernetes."""

    subject: str
    path: str | None
    """In an object; None where Helm refuses the chart."""
    message: str | Problem
    """A schema's or Helm's; or what the API refuses although the object follows its schema."""


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_chart(plan: Plan, loaded: Loaded) -> list[Finding]:
    """Return what a plan's chart does differently from Compose, leaves open, or does wrong."""
    # without its source: in the checkout, the target renders only a part of the chart
    whole = helm.render(replace(plan, source=None))
    has_jobs = any(service.job for service in plan.services)
    versions = KUBERNETES[KUBERNETES.index(JOBS_SINCE) :] if has_jobs else KUBERNETES
    found = (*differences(plan), *weaknesses(plan))
    return [
        *(_placed(each, loaded) for each in found),
        *(_located(each, loaded) for each in check_rendering(whole, versions)),
    ]


def _located(finding: Finding, loaded: Loaded) -> Finding:
    """Return what Helm or the API says of a service with the place of its setting, or its name."""
    found = _VALUE.search(finding.cause) or _OBJECT.search(finding.subject)
    if not found:
        return finding
    path = f"services.{found['name']}"
    key = found.groupdict().get("key") or ""
    own = f"{path}.{_KEYS.get(key, f'kubernetes.{key}')}"
    place = loaded.place(own, f"{path}.name")
    return replace(finding, place=place, cause=_CHARTS_KEY.sub(_of_spec, finding.cause))


def _of_spec(found: re.Match[str]) -> str:
    """Return a key of the chart as a spec calls it."""
    return f"{found['before']}{_KEYS.get(found['key'], found['key'])}"


def _placed(finding: Finding, loaded: Loaded) -> Finding:
    """Return the finding with the place of its field, or of its service."""
    path = finding.subject
    return replace(finding, place=loaded.place(path, f"{path}.name"))


def weaknesses(plan: Plan) -> Iterator[Finding]:
    """Return what an attacker could use in pods of the chart, and the spec or the values decide."""
    for service in plan.services:
        if problem := charts.root_file_system(is_read_only=is_read_only(service)):
            yield problem.at(f"services.{service.name}", "")
    # all agents have one version, and the same settings
    if problem := charts.tcp_retries(plan.services[0].agent.tcp_retries):
        yield problem.at("agent.tcp_retries", "")
    if problem := charts.admin_port(plan.services[0].agent.tags_version):
        yield problem.at("agent.version", "")


def check_rendering(rendering: Rendering, versions: Sequence[str] = KUBERNETES) -> list[Finding]:
    """Lint a rendered chart, and compare its objects with the API of versions of Kubernetes."""
    if problem := charts.helm_program(shutil.which("helm")):
        return [problem.at("helm", "")]
    schemas = _schemas()
    problem = charts.api_schemas(are_installed=schemas is not None)
    findings = [problem.at("API schemas", "")] if problem else []
    from concurrent.futures import ThreadPoolExecutor  # imports logging, which slows every validate

    with tempfile.TemporaryDirectory(prefix="sidecar-validate-") as scratch:
        chart = _written(rendering, Path(scratch))
        if refused := _refusal("lint", _helm("lint", "--strict", chart, version=versions[-1])):
            return [*findings, *refused]  # each version would say the same again
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda each: _check_version(chart, each, schemas), versions)
            findings += _together(versions, found)
    return findings


def _together(versions: Sequence[str], found: Iterable[Sequence[_Fault]]) -> Iterator[Finding]:
    """Yield each fault once, with the versions of Kubernetes that have it."""
    having: dict[_Fault, list[str]] = {}
    for version, faults in zip(versions, found, strict=True):
        for fault in dict.fromkeys(faults):
            having.setdefault(fault, []).append(version)
    for fault, those in having.items():
        if isinstance(fault.message, Problem):
            yield fault.message.at(fault.subject, "")
            continue
        shown = those[0] if len(those) == 1 else f"{those[0]} to {those[-1]}"
        if fault.path is None:
            problem = charts.helm_result(1, fault.message)
            subject = f"{fault.subject}, Kubernetes {shown}"
        else:
            problem = charts.object_schema(
                shown, fault.path, fault.message, is_known_later=versions[-1] not in those
            )
            subject = fault.subject
        if problem:
            yield problem.at(subject, "")


def _schemas() -> ModuleType | None:
    """Return the module that knows the API's schemas; None where the extra is not installed."""
    try:
        import kubernetes_validate
    except ImportError:
        return None
    return kubernetes_validate  # type: ignore[no-any-return]


def _written(rendering: Rendering, folder: Path) -> str:
    for name, text in rendering.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(folder / helm.FOLDER)


def _check_version(chart: str, version: str, schemas: ModuleType | None) -> list[_Fault]:
    done = _helm("template", "validate", chart, version=version)
    if done.returncode:
        return [_Fault("helm template", None, _message(done))]
    if schemas is None:
        return []
    objects = [each for each in yaml.load_all(done.stdout, Loader=_LOADER) if each]
    return list(_check_objects(objects, version, schemas))


def _check_objects(
    objects: Sequence[dict[str, Any]], version: str, schemas: ModuleType
) -> Iterator[_Fault]:
    for each in objects:
        if each["apiVersion"].startswith(OPERATORS):
            continue
        subject = f"{each['kind']} {each['metadata']['name']}"
        try:
            schemas.validate(each, version.removesuffix(".0"), strict=True)
        except schemas.ValidationError as error:
            yield _Fault(subject, _path(each, error.path), error.message)
        else:
            found = (*refused(each), *_weak(template_of(each)))
            yield from (_Fault(subject, "", problem) for problem in found)


def _weak(template: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the API takes of a pod, and what does not do what it is for."""
    labels, pod = template.get("metadata", {}).get("labels", {}), template.get("spec", {})
    yield from selectors.own_pods(labels, pod)
    if problem := pod_storage.volumes(pod):
        yield problem


def _path(data: Any, parts: Iterable[str | int]) -> str:  # noqa: ANN401 - an object of the API
    """Return a place in an object; what is in a list has its name where it has one."""
    shown = ""
    for part in parts:
        data = data[part]
        named = isinstance(part, int) and isinstance(data, dict) and data.get("name")
        shown += f"[{named or part}]" if isinstance(part, int) else f".{part}"
    return shown.removeprefix(".")


def _helm(*arguments: str, version: str) -> subprocess.CompletedProcess[str]:
    """Run helm for a Kubernetes; nothing of a cluster or of the caller's settings reaches it."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HELM_", "KUBE", "TRACING_"))
    }
    return subprocess.run(
        ["helm", *arguments, "--kube-version", version],
        capture_output=True,
        text=True,
        env=clean,
        timeout=_SECONDS,
        check=False,
    )


def _refusal(command: str, done: subprocess.CompletedProcess[str]) -> list[Finding]:
    values = _of_values(done.stdout) if done.returncode else []
    problems = (charts.helm_result(done.returncode, each) for each in values or [_message(done)])
    return [problem.at(f"helm {command}", "") for problem in problems if problem]


def _of_values(text: str) -> list[str]:
    """Return what is wrong with each value; that something in it is wrong says nothing."""
    found = [(each["path"].replace("/", "."), each["cause"]) for each in _AT.finditer(text)]
    said = dict.fromkeys(f"{path}: {cause}" for path, cause in found)
    return [each for each in said if not each.endswith(": validation failed")]


def _message(done: subprocess.CompletedProcess[str]) -> str:
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    message = " ".join(line for line in lines if re.search("ERROR|WARNING|Error", line))
    return _IN_TEMPLATE.sub("", message)
