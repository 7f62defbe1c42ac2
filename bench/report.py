"""Tables and JSON of a measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.measure import Figure, Measured


def as_markdown(measured: Measured) -> str:
    """Return a Markdown table of medians, and of ratios if a figure has them."""
    head = [f"{figure.title}" for figure in measured.figures]
    runs = max(len(samples) for samples in measured.samples.values())
    lines = [
        f"### {measured.title}",
        "",
        f"Medians of {runs} interleaved run{'s' if runs > 1 else ''}.",
        "",
    ]
    lines += [_row(["way", *head]), _row(["---", *("---:" for _ in head)])]
    lines += [
        _row([way, *(_cell(measured, way, figure) for figure in measured.figures)])
        for way in measured.samples
    ]
    lines += ["", *measured.notes] if measured.notes else []
    return "\n".join(lines)


def as_dict(measured: Measured) -> dict[str, Any]:
    """Return JSON-ready data: every run, the medians and the ratios to the baseline."""
    keys = [figure.key for figure in measured.figures]
    return {
        "title": measured.title,
        "baseline": measured.baseline,
        "ways": [
            {
                "way": way,
                "medians": {key: measured.median(way, key) for key in keys},
                "ratios": {
                    figure.key: measured.ratio(way, figure.key)
                    for figure in measured.figures
                    if figure.ratio
                },
                "runs": list(samples),
            }
            for way, samples in measured.samples.items()
        ],
        "notes": list(measured.notes),
    }


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(measured: Measured, way: str, figure: Figure) -> str:
    median = measured.median(way, figure.key)
    if median is None:
        return "-"
    text = f"{median:,.{figure.digits}f}"
    low, high = measured.spread(way, figure.key) or (0.0, 0.0)
    if figure.spread and low != high:
        return f"{text} ({low:,.{figure.digits}f} to {high:,.{figure.digits}f})"
    ratio = measured.ratio(way, figure.key) if figure.ratio and way != measured.baseline else None
    return text if ratio is None else f"{text} (x{ratio:.2f})"
