"""Runs, medians and ratios."""

import pytest

from bench.measure import Figure, Measured, Options, interleave
from bench.report import as_dict, as_markdown


@pytest.fixture
def measured():
    """Return two ways with three runs each; the machine gets slower with every run."""
    samples = {
        "stock": [{"us": 10.0}, {"us": 20.0}, {"us": 40.0}],
        "ours": [{"us": 5.0}, {"us": 10.0}, {"us": 20.0}],
    }
    return Measured("Case", (Figure("us", "µs", 1, ratio=True),), samples, "stock")


def test_a_ratio_is_taken_within_a_run(measured):
    """A machine that gets slower does not change a ratio."""
    assert 0.5 == measured.ratio("ours", "us")


def test_a_median_is_of_a_ways_own_runs(measured):
    """A median is the middle one of a way's runs."""
    assert 20.0 == measured.median("stock", "us")


def test_a_figure_that_a_way_lacks_has_no_median(measured):
    """A figure that a way does not have is None."""
    assert measured.median("stock", "other") is None
    assert measured.ratio("stock", "other") is None


def test_a_baseline_of_zero_gives_no_ratio():
    """A baseline of 0 has no multiples."""
    measured = Measured("Case", (), {"a": [{"n": 0.0}], "b": [{"n": 3.0}]}, "a")

    assert measured.ratio("b", "n") is None


def test_a_case_without_a_baseline_has_no_ratios():
    """Without a baseline there is no ratio."""
    measured = Measured("Case", (), {"a": [{"n": 1.0}]})

    assert measured.ratio("a", "n") is None


def test_each_round_begins_with_another_way():
    """Each way is first in turn, so that all share what the first one costs."""
    order = []
    interleave(("a", "b", "c"), 3, lambda way: order.append(way) or {"n": 1.0}, lambda _: None)

    assert list("abcbcacab") == order


def test_interleaved_samples_keep_their_run():
    """Sample N of each way was taken in run N."""
    numbers = iter(range(4))
    samples = interleave(("a", "b"), 2, lambda _: {"n": float(next(numbers))}, lambda _: None)

    assert {"a": [{"n": 0.0}, {"n": 3.0}], "b": [{"n": 1.0}, {"n": 2.0}]} == samples


def test_quick_means_one_run_of_a_tenth():
    """--quick means one run of a tenth of the load."""
    options = Options(print, quick=True)

    assert (1, 200) == (options.rounds(5), options.load(2_000))


def test_runs_asked_for_win():
    """--runs overrides --quick."""
    assert 7 == Options(print, runs=7, quick=True).rounds(5)


def test_the_table_shows_medians_and_ratios(measured):
    """The table shows medians, and ratios for all ways but the baseline."""
    assert as_markdown(measured).splitlines() == [
        "### Case",
        "",
        "Medians of 3 interleaved runs.",
        "",
        "| way | µs |",
        "| --- | ---: |",
        "| stock | 20.0 |",
        "| ours | 10.0 (x0.50) |",
    ]


def test_json_holds_every_run(measured):
    """The JSON output contains every run."""
    ours = as_dict(measured)["ways"][1]

    assert {
        "way": "ours",
        "medians": {"us": 10.0},
        "ratios": {"us": 0.5},
        "runs": [{"us": 5.0}, {"us": 10.0}, {"us": 20.0}],
    } == ours


def test_the_table_shows_a_spread_where_runs_differ():
    """The table shows lowest and highest value of a figure that varies."""
    figures = (Figure("n", "delivered", spread=True), Figure("m", "twice", spread=True))
    measured = Measured("Case", figures, {"a": [{"n": 1000.0, "m": 0.0}, {"n": 3000.0, "m": 0.0}]})

    assert "| a | 2,000 (1,000 to 3,000) | 0 |" == as_markdown(measured).splitlines()[-1]
