"""What `sidecar verify` keeps of a proof: a JUnit file, and a bundle."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.commands._planned import planned
from sidecar.commands._watch import deployment_of
from sidecar.console import say
from sidecar.errors import SidecarError, UsageError
from sidecar.watch import bundle, junit
from sidecar.watch.status import status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from sidecar.verify.hops import Proof


@contextmanager
def kept(args: argparse.Namespace) -> Iterator[Callable[[Proof], None]]:
    """Yield a function that keeps a proof; an error that prevents one is kept, too."""
    for name in ("junit", "bundle"):
        path = getattr(args, name)
        if path and not path.parent.is_dir():
            raise UsageError(f"--{name}", f"folder {path.parent} does not exist", "Create it")
    proofs: list[Proof] = []
    try:
        yield proofs.append
    except UsageError:
        raise
    except SidecarError as error:
        _keep(args, error)
        raise
    for proof in proofs:
        _keep(args, proof)


def _keep(args: argparse.Namespace, outcome: Proof | SidecarError) -> None:
    if args.junit:
        with files.writing(args.junit):
            files.write(args.junit, junit.as_xml(outcome))
    if args.bundle:
        found = bundle.evidence_of(
            lambda: deployment_of(args),
            outcome,
            lambda deployment: status(deployment).as_dict(),
            lambda name: planned(args, name),
        )
        bundle.write(args.bundle, found.files, found.tokens)
        say(f"{args.bundle}: written, without a token; read it before you pass it on")
