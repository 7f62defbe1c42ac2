"""What is handed on for help: one archive of a deployment's state, without any token."""

from __future__ import annotations

import gzip
import io
import platform
import tarfile
import time
from typing import TYPE_CHECKING, Any

from sidecar import __version__, files
from sidecar.errors import SidecarError
from sidecar.rules import watch as rules
from sidecar.watch.evidence import Evidence, as_json
from sidecar.watch.scan import finds_token, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from sidecar.verify.hops import Proof
    from sidecar.watch.agents import Watched

FOLDER = "sidecar-bundle"
_MODE = 0o600
"""Not for everybody: logs and settings may hold more than tokens."""


_README = """\
What `sidecar verify --bundle` collected of {name}, with kit {version}.

versions.json    the kit, Python, the engine or cluster
proof.json       the hops with counters, causes and fixes; proof-error.txt where there is no proof
plan.json        what was planned, by the spec or by the rendering itself (`from`)
status.json      each agent's state and counters
deployment.json  what runs: images, arguments, limits, states
rendered/        the file that the kit wrote for it
logs/            the end of each agent's log

Tokens are masked. Variables of your services are listed by name, without their values. Read it
before you hand it on: logs may hold names and addresses.
"""


def evidence_of(
    find: Callable[[], Watched],
    outcome: Proof | SidecarError,
    status: Callable[[Watched], Any],
    plan: Callable[[str], Any] = lambda _: None,
) -> Evidence:
    """Return the evidence of a deployment that may not be there at all.

    `plan` takes its name, and returns what a spec says of it, or None.
    """
    made = Evidence()
    name = "a deployment"
    made.files["versions.json"] = as_json(_versions())
    if isinstance(outcome, SidecarError):
        made.files["proof-error.txt"] = f"{outcome}\n"
    else:
        made.files["proof.json"] = as_json(outcome.as_dict())
    try:
        deployment = find()
    except SidecarError as error:
        made.files["deployment-error.txt"] = f"{error}\n"
    else:
        name = deployment.name
        try:
            made.files["status.json"] = as_json(status(deployment))
            deployment.collect(made)
        except SidecarError as error:
            made.files["deployment-error.txt"] = f"{error}\n"
    made.add_plan(lambda: plan(name))
    made.files["README.txt"] = _README.format(name=name, version=__version__)
    return made


def write(path: Path, contents: Mapping[str, str], tokens: Iterable[str]) -> None:
    """Write an archive of texts by name, with every token masked.

    Raises SidecarError, and writes nothing, where a token is still found.
    """
    known = frozenset(tokens)
    clean = {name: masked(text, known) for name, text in contents.items()}
    for name, text in clean.items():
        if finds_token(text, known) or finds_token(name, known):
            raise SidecarError.from_problem(str(path), rules.bundle(masked(name, known)))
    with files.writing(path):
        files.write(path, _archive(clean), _MODE)


def _archive(contents: Mapping[str, str]) -> bytes:
    now = int(time.time())
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in sorted(contents.items()):
            data = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), now, _MODE
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=now)


def _versions() -> dict[str, str]:
    return {
        "kit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
