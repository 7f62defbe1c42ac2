"""Types of a cron's schedule and its time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.rules.specs import INVALID_VALUE
from sidecar.spec.field_types.mistakes import EXPANDED
from sidecar.spec.scalars import Mistake, PatternText
from sidecar.spec.sources import shown

if TYPE_CHECKING:
    from sidecar.findings import Problem

_NAMED = "@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
_FIX = 'Give minute, hour, day, month and weekday, such as "30 4 * * *", or @daily'
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month; of a February in a leap year."""
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True)
class _Part:
    """One of a schedule's five, as Kubernetes reads it."""

    name: str
    numbers: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    """Names of the numbers from `low` on, in any case."""

    @property
    def pattern(self) -> str:
        """Values, ranges and steps, separated by commas."""
        value = "|".join((self.numbers, *map(_any_case, self.words)))
        item = rf"([*?]|({value})(-({value}))?)(/[1-9][0-9]{{0,3}})?"
        return f"{item}(,{item})*"

    @property
    def takes(self) -> str:
        """Return its values, in some words."""
        words = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return f"{self.low} to {self.high}{words}"

    def number(self, value: str) -> int:
        """Return what a value stands for."""
        word = value.upper()
        return self.words.index(word) + self.low if word in self.words else int(value)

    def values(self, word: str) -> set[int]:
        """Return what a part that matches the pattern stands for."""
        found: set[int] = set()
        for item in word.split(","):
            span, _, step = item.partition("/")
            low, _, high = (f"{self.low}-{self.high}" if span in "*?" else span).partition("-")
            last = high or (str(self.high) if step else low)
            found.update(range(self.number(low), self.number(last) + 1, int(step or 1)))
        return found


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.lower()}]" for letter in word)


_DAY = _Part("day", "0?[1-9]|[12][0-9]|3[01]", 1, 31)
_MONTH = _Part("month", "0?[1-9]|1[0-2]", 1, 12, _MONTHS)
_PARTS = (
    _Part("minute", "[0-5]?[0-9]", 0, 59),
    _Part("hour", "[01]?[0-9]|2[0-3]", 0, 23),
    _DAY,
    _MONTH,
    _Part("weekday", "0?[0-6]", 0, 6, _DAYS),
)


def _judge(text: str) -> Problem | None:
    """Judge a schedule as Kubernetes would."""
    words = text.split()
    if re.fullmatch(_NAMED, text):
        return None
    if len(words) != len(_PARTS) or not re.fullmatch(r"[^\s]+( +[^\s]+)*", text):
        return INVALID_VALUE.problem(f"{shown(text)} is not a schedule", _FIX)
    found = (_part_problem(part, word) for part, word in zip(_PARTS, words, strict=True))
    return next(filter(None, found), None) or _never(text, *words[2:])


def _never(text: str, day: str, month: str, weekday: str) -> Problem | None:
    """Judge whether a month has the day; a weekday would be another way to be due."""
    longest = max(_LONGEST[number - 1] for number in _MONTH.values(month))
    if weekday not in ("*", "?") or min(_DAY.values(day)) <= longest:
        return None
    cause = f"{shown(text)} never comes: the month has {longest} days"
    return INVALID_VALUE.problem(cause, "Give a day that it has, or another month")


def _part_problem(part: _Part, word: str) -> Problem | None:
    if not re.fullmatch(part.pattern, word):
        sunday = "; Sunday is 0" if part.name == "weekday" and word == "7" else ""
        fix = f"Give {part.takes}{sunday}, * for any, a range, a list, or a step such as */2"
        return INVALID_VALUE.problem(f"{shown(word)} is no {part.name}", fix)
    for first, last in re.findall(r"(\w+)-(\w+)", word):
        if part.number(first) > part.number(last):
            cause = f"the range {first}-{last} of the {part.name} ends before it begins"
            fix = f"Give two: {first}-{part.high},{part.low}-{last}"
            return INVALID_VALUE.problem(cause, fix)
    return None


SCHEDULE = PatternText(
    f"{_NAMED}|{' +'.join(part.pattern for part in _PARTS)}",
    "a schedule",
    _FIX,
    (
        EXPANDED,
        Mistake("^(CRON_)?TZ=", "names a time zone", "Give it as time_zone"),
        Mistake("^@reboot", "is of a machine, and a cluster has no reboot", "Use kind: job"),
        Mistake("^@every", "has no fixed times", 'Give minutes, such as "*/5 * * * *"'),
        Mistake(r"^(\S+ +){5,}\S+$", "has more than five fields", "Leave out seconds and year"),
    ),
    judge=_judge,
)
TIME_ZONE = PatternText(
    "(?!Local$)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*",
    "a time zone",
    "Give one such as Asia/Shanghai or Etc/UTC",
    (EXPANDED,),
)
