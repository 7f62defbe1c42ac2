"""Who gets an agent: what the user chose, and what the workload allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import UsageError
from sidecar.existing.compose.software import use_of
from sidecar.existing.manifests.agents import AGENT, part_of, receives
from sidecar.existing.manifests.nodes import items, text_at, texts_at, value_at
from sidecar.inject import EVERY_AGENT
from sidecar.inject.manifests.marks import OPT
from sidecar.inject.manifests.own import is_added, is_injected, own_names
from sidecar.rules import skips
from sidecar.rules.agents import COMPACT_PORT
from sidecar.spec import JAEGER_AGENT
from sidecar.targets.manifests import OWN_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sidecar.existing.manifests.workloads import Workload
    from sidecar.findings import Problem
    from sidecar.targets.manifests import OwnNames

_TERM = re.compile(
    r"(?P<not>!)?(?P<key>[\w./-]+)"
    r"(?:\s*(?P<equals>==?|!=)\s*(?P<value>[\w.-]*)|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?"
)
_BETWEEN = re.compile(r",(?![^(]*\))")


@dataclass(frozen=True)
class Choice:
    """What the user chose."""

    services: Collection[str] = ()
    """Names, or KIND/NAME; empty: all."""
    excluded: Collection[str] = ()
    selector: str = ""
    opt_in: bool = False
    """Only what is annotated with `true`."""
    replace: Collection[str] = ()
    """Workloads or containers whose agents are replaced; `*`: all."""
    native: bool = True
    kind: str = JAEGER_AGENT
    """Of the agents that are added."""


@dataclass(frozen=True)
class Skip:
    """Why a workload stays as it is."""

    cause: str
    problem: Problem | None = None
    """None where the user chose it."""
    wanted: bool = False
    """It was to be traced: `--strict` fails."""
    quiet: bool = False
    """The user's own words left it out: only the report names it."""


def names_of(workload: Workload) -> tuple[str, str]:
    """Return the words by which a user can name a workload."""
    return workload.name, f"{workload.kind.casefold()}/{workload.name}"


def is_named(workload: Workload, given: Collection[str]) -> bool:
    """Tell whether a user named a workload."""
    own = names_of(workload)
    return any(name in own or name.casefold() == own[1] for name in given)


def skip(workload: Workload, choice: Choice) -> Skip | None:
    """Return why a workload gets no agent; None where it gets one, or has the kit's."""
    opt = workload.annotations.get(OPT, "").casefold()
    if opt in ("false", "disabled"):
        return Skip(f'{OPT}: "{opt}": left as it is')
    if is_added(workload.node):
        return Skip("was added by inject, for collectors: left as it is", quiet=True)
    if unchosen := _unchosen(workload, choice):
        return Skip(unchosen, quiet=True)
    if problem := _no_service(workload, choice):
        return Skip(problem.cause, problem)
    problem = _unable(workload, choice)
    return Skip(problem.cause, problem, wanted=problem.rule is not skips.OWNED) if problem else None


def agents_in(workload: Workload) -> list[int]:
    """Return which of the containers are agents that somebody set up by hand."""
    found = [index for index, one in enumerate(workload.containers) if part_of(one) == AGENT]
    if not is_injected(workload):
        return found
    ours = next((i for i in found if workload.containers[i].name == "jaeger-agent"), None)
    return [index for index in found if index != ours]


def _unchosen(workload: Workload, choice: Choice) -> str:
    opt = workload.annotations.get(OPT, "").casefold()
    named = is_named(workload, choice.services)
    if is_named(workload, choice.excluded):
        return "is excluded by --not: left as it is"
    if choice.services and not named:
        return "is not named by --service: left as it is"
    if choice.selector and not matches(choice.selector, workload.labels):
        return "does not have the labels of --selector: left as it is"
    if choice.opt_in and opt not in ("true", "enabled"):
        return f'is not annotated with {OPT}: "true": left as it is'
    return ""


def _no_service(workload: Workload, choice: Choice) -> Problem | None:
    """Return why a workload is nothing to trace."""
    own = [one for one in workload.containers if one.section == "containers"]
    parts = [part_of(one) for one in own]
    if own and all(parts):
        what = "an agent itself" if AGENT in parts else "a part of a tracing backend"
        return skips.IS_AGENT.problem(f"is {what}: left as it is")
    asked = is_named(workload, choice.services) or workload.annotations.get(OPT) == "true"
    uses = [use_of(one.image) for one in own]
    if own and all(uses) and not asked and not is_injected(workload):
        cause = f"runs well-known software ({uses[0]}) and no service: left as it is"
        return skips.NO_SERVICE.problem(cause)
    return None


def _unable(workload: Workload, choice: Choice) -> Problem | None:
    """Return what keeps a workload from getting an agent."""
    if not workload.known:
        cause = "has containers, and inject does not change its kind: left as it is"
        return _written_by_the_cluster(workload) or skips.OTHER_KIND.problem(cause)
    own = [one for one in workload.containers if one.section == "containers"]
    if not own or workload.template is workload.pod:
        return skips.NO_CONTAINERS.problem("has no containers that can be read: left as it is")
    if not any(one.image for one in own):
        return skips.NO_CONTAINERS.problem("names no image, as a patch does: left as it is")
    return (
        _written_by_the_cluster(workload)
        or skips.on_windows(
            text_at(workload.pod, "os", "name"), texts_at(workload.pod, "nodeSelector")
        )
        or skips.on_host_network(text_at(workload.pod, "hostNetwork").casefold() == "true")
        or skips.by_operator(workload.annotations)
        or _agent_there(workload, choice)
        or _names(workload, OWN_NAMES[choice.kind])
        or _ports(workload, OWN_NAMES[choice.kind])
        or _endless(workload, choice)
    )


def _written_by_the_cluster(workload: Workload) -> Problem | None:
    for owner in items(value_at(workload.node, "metadata", "ownerReferences")):
        name = f"{text_at(owner, 'kind')} {text_at(owner, 'name')}".strip()
        return skips.OWNED.problem(f"is written by {name}: left as it is")
    if workload.kind in ("Job", "Pod") and text_at(workload.node, "metadata", "uid"):
        cause = "has a uid, so it is in a cluster, where its pod template cannot change"
        return skips.IMMUTABLE.problem(f"{cause}: left as it is")
    return None


def _agent_there(workload: Workload, choice: Choice) -> Problem | None:
    for index in agents_in(workload):
        container = workload.containers[index]
        named = container.name in choice.replace or is_named(workload, choice.replace)
        if not named and EVERY_AGENT not in choice.replace:
            cause = f"container {container.name} is an agent already: left as it is"
            fix = f"Replace it with --replace {workload.name}"
            return skips.HAS_AGENT.problem(cause, fix)
    return None


def _names(workload: Workload, wanted: OwnNames) -> Problem | None:
    own = own_names(workload)
    volumes = {text_at(volume, "name") for volume in items(value_at(workload.pod, "volumes"))}
    for name in sorted(volumes & {*wanted.volumes} - {*own.volumes}):
        return skips.NAME_TAKEN.problem(f"another volume is called {name}: left as it is")
    others = {one.name for one in workload.containers if part_of(one) != AGENT}
    for name in sorted(others & {*wanted.containers} - {*own.containers}):
        return skips.NAME_TAKEN.problem(f"another container is called {name}: left as it is")
    return None


def _ports(workload: Workload, wanted: OwnNames) -> Problem | None:
    others = [one for one in workload.containers if part_of(one) != AGENT]
    for one in others:
        if receives(one):
            cause = f"container {one.name} has {COMPACT_PORT}, a port of the agent: left as it is"
            return skips.PORT_TAKEN.problem(cause, "Take it out, or let the service report to it")
    problem = skips.taken_ports((port for one in others for port in one.ports), wanted.ports)
    return problem and problem.rule.problem(f"{problem.cause}: left as it is")


def _endless(workload: Workload, choice: Choice) -> Problem | None:
    if choice.native or not workload.is_job:
        return None
    cause = "would not complete with an agent before Kubernetes 1.29: left as it is"
    return skips.NEVER_ENDS.problem(cause)


# Selectors ------------------------------------------------------------------------------------


def check_selector(text: str) -> None:
    """Raise UsageError for a selector that kubectl would refuse."""
    for term in filter(None, map(str.strip, _BETWEEN.split(text))):
        if not _TERM.fullmatch(term):
            raise UsageError("--selector", "is not a selector of labels", "Give app=web,tier!=db")


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Tell whether labels match a selector, as kubectl reads it."""
    terms = filter(None, map(str.strip, _BETWEEN.split(selector)))
    return all(_matches(_TERM.fullmatch(term), labels) for term in terms)


def _matches(term: re.Match[str] | None, labels: Mapping[str, str]) -> bool:
    if term is None:
        return False
    value = labels.get(term["key"])
    if term["set"]:
        listed = [one.strip() for one in term["values"].split(",")]
        return (value in listed) == (term["set"] == "in")
    if term["equals"]:
        return (value == term["value"]) == (term["equals"] != "!=")
    return (value is None) == bool(term["not"])
