"""docs/migrate.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from sidecar.cli import build_parser
from sidecar.rules import catalogue
from sidecar.rules.parity import KNOWN

PAGE = (Path(__file__).parents[3] / "docs" / "migrate.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```", PAGE)


def test_it_lists_what_a_collector_changes() -> None:
    """Each known change, in its order and words."""
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \| (.+?) \| [^|]+\|$", PAGE)

    assert [known.id for known in KNOWN] == [name for name, _ in rows]
    for known, (_, what) in zip(KNOWN, rows, strict=True):
        assert known.what.startswith(what.rstrip("."))


def test_it_lists_the_rules_of_a_canary() -> None:
    """All of them, and none that does not exist."""
    named = set(re.findall(r"`(canary-[a-z-]+)`", PAGE))

    assert {rule for rule in catalogue.rules() if rule.startswith("canary-")} == named


def test_its_sessions_parse_and_its_specs_render(run, tmp_path) -> None:
    """Each `sidecar` command is one that the program knows, each spec one that it renders."""
    lines = [line for block in blocks("console") for line in re.findall(r"(?m)^\$ (.+)$", block)]
    for words in (line.split() for line in lines):
        if words[0] == "sidecar":
            build_parser(words[1]).parse_args(words[1:])

    specs = [block for block in blocks("yaml") if "region" in yaml.safe_load(block)]
    for number, text in enumerate(specs):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text)
        done = run("render", "--file", file, "--out", tmp_path / f"out{number}")
        assert 0 == done.code, done.err
    assert 2 == len(specs)
