"""CONTRIBUTING's lists, read and followed: a step that cannot be followed fails the test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copies import ROOT, run_in

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_ITEM = re.compile(r"^\d+\. (.+?)(?=^\d+\. |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^( *)```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = r"`([^`]+)`"
_BEFORE = re.compile(rf"In {_CODE}, before {_CODE}, add\b")
_AFTER = re.compile(rf"In {_CODE}, after {_CODE}, add\b")
_END = re.compile(rf"At the end of {_CODE}, add\b")
_NEW = re.compile(rf"Write {_CODE}")
_REPLACE = re.compile(rf"In {_CODE}, replace {_CODE} with {_CODE}")
_RUN = re.compile(rf"Run {_CODE}")
_FILE = re.compile(rf"(?:In|Write|At the end of) {_CODE}")


class UnclearStepError(Exception):
    """A step that names no file that exists, no place in it, or none of the known actions."""


@dataclass(frozen=True)
class Step:
    """One item of a list: its sentence on one line, and its block of code."""

    text: str
    block: str

    @property
    def file(self) -> str | None:
        """The file that the step changes; None for one that runs a command."""
        found = _FILE.match(self.text)
        return found[1] if found else None

    def follow(self, tree: Path) -> None:
        """Do in a copy of the tree what the step says."""
        if found := _AFTER.match(self.text):
            self._insert(tree / found[1], found[2])
        elif found := _BEFORE.match(self.text):
            _replace(tree / found[1], found[2], f"{self.block}{found[2]}")
        elif found := _REPLACE.match(self.text):
            _replace(tree / found[1], found[2], found[3])
        elif found := _END.match(self.text):
            path = tree / found[1]
            path.write_text(f"{path.read_text(encoding='utf-8')}{self.block}", encoding="utf-8")
        elif found := _NEW.match(self.text):
            (tree / found[1]).parent.mkdir(parents=True, exist_ok=True)
            (tree / found[1]).write_text(self.block, encoding="utf-8")
        elif found := _RUN.match(self.text):
            _run(tree, found[1])
        else:
            raise UnclearStepError(self.text)

    def _insert(self, path: Path, anchor: str) -> None:
        text = path.read_text(encoding="utf-8")
        if anchor not in text:
            raise UnclearStepError(f"{self.text}\n{path.name} has no {anchor!r}")
        before, after = text.split(anchor, maxsplit=1)
        rest_of_line, _, after = after.partition("\n")
        path.write_text(f"{before}{anchor}{rest_of_line}\n{self.block}{after}", encoding="utf-8")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise UnclearStepError(f"{path.name} has {old!r} {text.count(old)} times")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _run(tree: Path, line: str) -> None:
    done = run_in(tree, line)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def steps(heading: str) -> list[Step]:
    """Return the numbered list below a heading."""
    _, found, rest = PAGE.partition(f"\n### {heading}\n")
    if not found:
        raise UnclearStepError(f"no heading {heading}")
    section = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [_step(item) for item in _ITEM.findall(section)]


def _step(item: str) -> Step:
    block = _BLOCK.search(item)
    if block is None:
        return Step(" ".join(item.split()), "")
    code = re.sub(rf"^{block[1]}", "", block[2], flags=re.MULTILINE)
    return Step(" ".join(item[: block.start()].split()), code)
