"""What a case measures: ways, interleaved runs, medians, ratios."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Sample = dict[str, float]
"""Figure → value, of one way in one run."""


class Skipped(Exception):  # noqa: N818 - not an error
    """A case cannot run here; the text says why, and how to enable it."""


@dataclass(frozen=True)
class Options:
    """How to run a case."""

    say: Callable[[str], None]
    runs: int | None = None
    """None: the case's own number."""
    quick: bool = False
    """Less load and one run, to check that the bench works."""

    def rounds(self, usual: int) -> int:
        """Return the number of runs."""
        return self.runs or (1 if self.quick else usual)

    def load(self, usual: int) -> int:
        """Return how many spans, batches or seconds to use."""
        return max(1, usual // 10) if self.quick else usual


@dataclass(frozen=True)
class Figure:
    """One figure of a table."""

    key: str
    title: str
    digits: int = 0
    ratio: bool = False
    """Whether to show the multiple of the baseline's, too."""
    spread: bool = False
    """Whether to show the lowest and the highest run, too, if they differ."""


@dataclass(frozen=True)
class Measured:
    """The outcome of a case."""

    title: str
    figures: tuple[Figure, ...]
    samples: Mapping[str, Sequence[Sample]]
    """Way → its runs, in order."""
    baseline: str | None = None
    """The way with which the others are compared."""
    notes: tuple[str, ...] = field(default=())

    def median(self, way: str, key: str) -> float | None:
        """Return the median of a figure over a way's runs; None if the way does not have it."""
        values = [sample[key] for sample in self.samples[way] if key in sample]
        return statistics.median(values) if values else None

    def spread(self, way: str, key: str) -> tuple[float, float] | None:
        """Return the lowest and the highest value of a figure."""
        values = [sample[key] for sample in self.samples[way] if key in sample]
        return (min(values), max(values)) if values else None

    def ratio(self, way: str, key: str) -> float | None:
        """Return the median of the ratios to the baseline, each taken within one run."""
        if self.baseline is None:
            return None
        pairs = zip(self.samples[way], self.samples[self.baseline], strict=True)
        ratios = [own[key] / base[key] for own, base in pairs if key in own and base.get(key)]
        return statistics.median(ratios) if ratios else None


def interleave(
    ways: Sequence[str], runs: int, measure: Callable[[str], Sample], say: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """Measure every way once per round, in rotating order, so that drift affects all equally."""
    samples: dict[str, list[Sample]] = {way: [] for way in ways}
    for number in range(runs):
        turn = number % len(ways)
        for way in (*ways[turn:], *ways[:turn]):
            samples[way].append(measure(way))
            shown = ", ".join(f"{key} {value:g}" for key, value in samples[way][-1].items())
            say(f"run {number + 1}/{runs}, {way}: {shown}")
    return samples
