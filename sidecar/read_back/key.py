"""The access key of the vendor's API: from two variables or a file; never kept, never shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar import dotenv, yamlio
from sidecar.errors import SidecarError
from sidecar.rules import read_back as rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUBJECT = "--read-back"
ID = "ALIBABA_CLOUD_ACCESS_KEY_ID"
SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105 - the variable's name
SESSION = "ALIBABA_CLOUD_SECURITY_TOKEN"
"""Of a temporary key only."""


@dataclass(frozen=True)
class AccessKey:
    """A key of the vendor's API."""

    identity: str = field(repr=False)
    secret: str = field(repr=False)
    session: str = field(default="", repr=False)


def take_key(file: Path | None) -> AccessKey:
    """Return the key of a file, else of the environment, from which it is removed.

    So no program that is started afterwards inherits it. Raises SidecarError where there is none.
    """
    taken = {name: os.environ.pop(name, "") for name in (ID, SECRET, SESSION)}
    given = _of_file(file) if file else taken
    key = AccessKey(given.get(ID, ""), given.get(SECRET, ""), given.get(SESSION, ""))
    if problem := rules.key(given=bool(key.identity and key.secret)):
        raise SidecarError.from_problem(SUBJECT, problem)
    return key


def _of_file(file: Path) -> Mapping[str, str]:
    return {each.name: each.value for each in dotenv.variables(yamlio.read_text(file))}
