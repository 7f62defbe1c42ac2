"""README's text, its sections and their blocks, for the tests that follow them."""

from __future__ import annotations

import re

from copies import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def section(heading: str) -> str:
    """Return the text below one of README's headings. Raises IndexError where it is not there."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def session(block: str) -> list[str]:
    """Return the commands of a session, without their prompt."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]
