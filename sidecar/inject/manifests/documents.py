"""One document in, one document out: with agents, or without the ones that inject added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.existing.manifests.stream import Piece
from sidecar.existing.manifests.tree import Document
from sidecar.existing.manifests.workloads import find_workloads
from sidecar.inject.manifests import choose
from sidecar.inject.manifests.add import Injection
from sidecar.inject.manifests.choose import Skip
from sidecar.inject.manifests.own import has_collector, is_injected
from sidecar.inject.manifests.shared import Shares
from sidecar.inject.manifests.take_out import Removal
from sidecar.rules import injections
from sidecar.rules.catalogue import rules as all_rules

if TYPE_CHECKING:
    from sidecar.existing.manifests.config_maps import ConfigMaps
    from sidecar.existing.manifests.tree import Edit
    from sidecar.existing.manifests.workloads import Workload
    from sidecar.findings import Finding
    from sidecar.inject.manifests.choose import Choice
    from sidecar.targets.manifests import Additions


@dataclass(frozen=True)
class Outcome:
    """What became of one workload."""

    kind: str
    name: str
    namespace: str
    place: str
    document: int
    done: str
    """added, updated, unchanged, removed or skipped."""
    skip: Skip | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A document and what became of the workloads in it."""

    data: bytes
    outcomes: tuple[Outcome, ...] = ()
    namespaces: tuple[str, ...] = ()
    """Those of its workloads that have collectors now."""


def inject(
    piece: Piece, file: str, choice: Choice, additions: Additions, config_maps: ConfigMaps
) -> Changed:
    """Give the workloads of a document an agent.

    `config_maps` are those of the stream's documents before it; its own are added.
    Raises SidecarError for a document that cannot be read, or if uninject would not give the same
    bytes back.
    """
    document = Document(piece, file)
    config_maps.take(document)
    chosen: list[tuple[Workload, Skip | None]] = [
        (workload, choose.skip(workload, choice)) for workload in find_workloads(document)
    ]
    shares = Shares(document, [workload for workload, skip in chosen if not skip], config_maps)
    done = [_given(document, *each, additions, shares) for each in chosen]
    outcomes = tuple(outcome for outcome, _ in done)
    edits = [edit for _, own in done for edit in own]
    namespaces = tuple(
        workload.namespace
        for (workload, _), (outcome, _) in zip(chosen, done, strict=True)
        if (has_collector(workload) if outcome.skip else additions.shared)
    )
    if not edits:
        return Changed(piece.data, outcomes, namespaces)
    changed = document.encode(document.with_edits(edits))
    if all(outcome.done != "updated" for outcome in outcomes):
        _check_exact(piece, changed, file)
    return Changed(changed, outcomes, namespaces)


def _given(
    document: Document, workload: Workload, skip: Skip | None, additions: Additions, shares: Shares
) -> tuple[Outcome, list[Edit]]:
    """Return what becomes of a workload, and the edits that give it its agent."""
    if skip:
        return _outcome(document, workload, "skipped", skip), []
    injection = Injection(document, workload, additions, shares)
    try:
        injection.run()
    except SidecarError as error:
        return _outcome(document, workload, "skipped", _unable(error)), []
    shares.done |= injection.done
    edits = injection.editor.edits
    what = "updated" if edits else "unchanged"
    what = what if is_injected(workload) else "added"
    found = tuple(injection.findings)
    return _outcome(document, workload, what, findings=found), edits


def uninject(piece: Piece, file: str, *, checked: bool = False) -> Changed:
    """Take out of a document what inject added. Raises SidecarError as `inject`.

    `checked` is as for Document.
    """
    document = Document(piece, file, checked=checked)
    outcomes: list[Outcome] = []
    edits: list[Edit] = []
    done: set[int] = set()
    for workload in find_workloads(document):
        if workload.known and is_injected(workload):
            removal = Removal(document, workload, done)
            removal.run()
            edits += removal.editor.edits
            found = tuple(removal.findings)
            outcomes.append(_outcome(document, workload, "removed", findings=found))
    if not edits:
        return Changed(piece.data, tuple(outcomes))
    return Changed(document.encode(document.with_edits(edits)), tuple(outcomes))


def _check_exact(piece: Piece, changed: bytes, file: str) -> None:
    try:
        back = uninject(Piece(changed, piece.line, piece.number), file, checked=True)
    except SidecarError as error:
        raise error.about(f"{file}:{piece.line + 1}").breaking(injections.INEXACT) from error
    if any(outcome.findings for outcome in back.outcomes):
        return  # an agent with a token is not kept
    if problem := injections.exact(piece.data, back.data):
        raise SidecarError.from_problem(f"{file}:{piece.line + 1}", problem)


def _outcome(
    document: Document,
    workload: Workload,
    done: str,
    skip: Skip | None = None,
    findings: tuple[Finding, ...] = (),
) -> Outcome:
    place = document.place(workload.kind_node)
    return Outcome(
        workload.kind,
        workload.name,
        workload.namespace,
        place,
        document.number,
        done,
        skip,
        findings,
    )


def _unable(error: SidecarError) -> Skip:
    problem = all_rules()[error.id].problem(f"{error.cause} ({error.subject})", error.fix)
    return Skip(problem.cause, problem, wanted=True)
