from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sidecar import console
from sidecar.commands import _target
from sidecar.errors import UsageError
from sidecar.kubernetes.fixes import placed
from sidecar.rehearsal import report
from sidecar.rehearsal.compose import stage_of
from sidecar.rehearsal.faults import FAULTS
from sidecar.rehearsal.process import ProcessStage
from sidecar.rehearsal.release import ReleaseStage
from sidecar.rehearsal.run import rehearse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sidecar.rehearsal.faults import Fault
    from sidecar.rehearsal.stage import Stage

say = partial(console.say, by="rehearse")
_LIST = "`sidecar rehearse --list` names them"


def run(args: argparse.Namespace) -> int:
    """Rehearse, and print the report; return 1 if a span is not accounted for."""
    chosen = _chosen(args.fault)
    json = args.output == "json"
    if args.list:
        print(report.list_json(chosen) if json else report.list_text(chosen))
        return 0
    stage = _stage(args)
    done = rehearse(stage, _possible(chosen, stage, named=bool(args.fault)), say)
    done = done.with_fixes(lambda fix: placed(fix, _target.kubectl_of(args)))
    print(report.as_json(done) if json else report.as_text(done))
    return 0 if done.ok else 1


def _chosen(names: Sequence[str] | None) -> list[Fault]:
    known = {fault.name for fault in FAULTS}
    if unknown := sorted(set(names or ()) - known):
        raise UsageError("--fault", f"there is no fault {unknown[0]!r}", _LIST)
    return [fault for fault in FAULTS if not names or fault.name in names]


def _possible(faults: Sequence[Fault], stage: Stage, *, named: bool) -> list[Fault]:
    """Return the faults that the target can have; refuse a named one that it cannot."""
    possible = []
    for fault in faults:
        why = stage.lacks.get(fault.needs)
        if why is None:
            possible.append(fault)
        elif named:
            raise UsageError("--fault", f"{fault.name} is not possible: {why}", _LIST)
        else:
            say(f"{fault.name} is left out: {why}")
    return possible


def _stage(args: argparse.Namespace) -> Stage:
    target = _target.target_of(args, "rehearse")
    if target == "kubernetes":
        return ReleaseStage(_target.kubectl_of(args), args.release, args.image or "")
    if target == "process":
        return ProcessStage(_target.process_folder(args))
    return stage_of(_target.compose_folder(args))
