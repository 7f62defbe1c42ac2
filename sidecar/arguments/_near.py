"""What a mistyped word may have meant; imported only to report it."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHOICE = re.compile(r"invalid choice: (?P<given>.*) \(choose from (?P<choices>.*)\)", re.DOTALL)


def choice(message: str) -> str:
    """Return a question for argparse's message about a wrong choice; empty if none is near."""
    if not (found := _CHOICE.search(message)):
        return ""
    choices = (each.strip(" '") for each in found["choices"].split(","))
    return _question(found["given"].strip("'\""), choices)


def option(names: Iterable[str], parser: argparse.ArgumentParser) -> str:
    """Return a question for options that a parser lacks; empty if none is near."""
    known = [each for each in _options(parser) if each.startswith("--")]
    return next(filter(None, (_question(name, known) for name in names)), "")


def _question(given: str, known: Iterable[str]) -> str:
    words = {each.lstrip("-"): each for each in known}
    near = difflib.get_close_matches(given.lstrip("-"), words, n=1, cutoff=0.7)
    word = words[near[0]] if near else given
    # a known word that is out of place here is no mistyped one
    return f"Did you mean {word}? " if word != given else ""


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 - it has no public list of them
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for each in action.choices.values():
                yield from _options(each)
