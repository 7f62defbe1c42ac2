"""Which versions of jaeger-agent know which flag → sidecar/rules/agent_flags.py.

`python -m tools.agent_flags [FOLDER]` builds eight versions with the `go` on PATH, one to three
minutes each, and reads their own `--help`. FOLDER keeps each help as VERSION.txt: a
version whose text is there is not built again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.images.agent.build import main as build_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODULE = Path(__file__).resolve().parent.parent / "sidecar" / "rules" / "agent_flags.py"
BUILT = {
    "1.17.0": "1.17.1",
    "1.18.0": "1.18.1",
    "1.19.0": "1.19.2",
    "1.21.0": "1.21.0",
    "1.22.0": "1.22.0",
    "1.34.0": "1.34.0",
    "1.35.0": "1.58.0",
    "1.59.0": "1.62.0",
}
"""The first version whose sources register the same flags → the version that was built.

The sources of every version from 1.15.1 to 1.62.0 that the proxy serves were compared: between
these, none adds or removes a flag of the agent. The module of 1.17.0 cannot be built, and that of
1.19.0 is not served.
"""
OLDER = {
    "1.16.0": ({"reporter.grpc.tls.enabled", "reporter.grpc.tls.skip-host-verify"}, set[str]()),
    "1.15.0": ({"agent.tags"}, set[str]()),
}
"""Versions without a module, by what their sources lack and have beyond the next one's."""
_FLAG = re.compile(r"^ +(?:-\w, )?--([a-z][a-z0-9.-]*)", re.MULTILINE)
_NOT_SETTINGS = {"help"}

Spans = dict[str, tuple[str, str]]
"""Flag → the first version with it, and the first one without it; empty: the newest has it."""


def main(folder: Path) -> None:
    """Build what is missing, and write the module."""
    texts = {since: _help_of(version, folder) for since, version in BUILT.items()}
    found = with_older({since: flags_in(text) for since, text in texts.items()})
    files.write(MODULE, module(spans(found)).encode())


def flags_in(text: str) -> set[str]:
    """Return the flags that a --help names, without dashes."""
    return set(_FLAG.findall(text)) - _NOT_SETTINGS


def with_older(found: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the flags of each version in order, with those that are known from sources only."""
    known = dict(found)
    flags = known[min(known, key=numbers)]
    for version, (lacks, has) in OLDER.items():
        flags = known[version] = (flags - lacks) | has
    return {version: known[version] for version in sorted(known, key=numbers)}


def spans(found: Mapping[str, set[str]]) -> Spans:
    """Return where each flag begins and ends, from the flags of each version in order."""
    known: Spans = {}
    for version, flags in found.items():
        for flag in flags:
            known.setdefault(flag, (version, ""))
        for flag, (since, until) in known.items():
            if flag not in flags and not until:
                known[flag] = (since, version)
    return dict(sorted(known.items()))


def module(known: Spans) -> str:
    """Return the module that holds the flags."""
    built = [*dict.fromkeys(BUILT.values())]
    rows = (
        f'    "{flag}": ({_tuple(since)}, {_tuple(until)}),'
        for flag, (since, until) in known.items()
    )
    return _HEAD.format(built=f"{', '.join(built[:-1])} and {built[-1]}") + "\n".join(
        (*rows, "}\n")
    )


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(map(int, version.split(".")))


def _tuple(version: str) -> str:
    return f"({', '.join(version.split('.'))})" if version else "None"


def _help_of(version: str, folder: Path) -> str:
    kept = folder / f"{version}.txt"
    if not kept.is_file():
        with tempfile.TemporaryDirectory(prefix="agent-flags-") as out:
            print(f"building {version}", file=sys.stderr)
            build_agent(version, Path(out))
            program = Path(out) / "agent-linux"
            done = subprocess.run([program, "--help"], check=True, text=True, capture_output=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        files.write(kept, done.stdout.encode())
    return kept.read_text(encoding="utf-8")


_HEAD = '''\
"""Which versions of jaeger-agent know which flag. Written by `python -m tools.agent_flags`.

Read from the --help of {built},
and for 1.15 and 1.16 from their sources. The sources of the versions between say where a flag of
one help, and not of the next, begins or ends.
"""

from __future__ import annotations

Version = tuple[int, int, int]

SPANS: dict[str, tuple[Version, Version | None]] = {{
'''


def _folder(arguments: Iterable[str]) -> Path:
    return Path(next(iter(arguments), "build/agent-flags"))


if __name__ == "__main__":
    main(_folder(sys.argv[1:]))
