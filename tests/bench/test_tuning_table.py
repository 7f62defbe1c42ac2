"""docs/tuning.md agrees with the code."""

import re
from pathlib import Path

from sidecar.plan import agents
from sidecar.rules import agents as rules
from sidecar.spec import Capacity

TEXT = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")


def numbers(row):
    """Return the integers of a row of the table."""
    return [int(cell.replace(",", "")) for cell in row.strip("| ").split("|")]


def test_the_table_of_capacities_is_what_tune_returns():
    """Every cell of the table is what `tune` returns for the row."""
    rows = [numbers(line) for line in TEXT.splitlines() if re.fullmatch(r"(\| +[\d,]+ +)+\|", line)]

    assert len(rows) >= 8
    for rate, round_trip, *expected in rows:
        tuning = agents.tune(Capacity(rate, round_trip))
        actual = [
            tuning.workers,
            tuning.queue_packets,
            tuning.ceiling_spans_per_second,
            tuning.memory_mib,
        ]
        assert expected == actual, (rate, round_trip)


def test_the_constants_are_those_of_the_code():
    """Each constant in the document has the value in the code."""
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", TEXT, re.MULTILINE))

    assert {
        "STOCK_BATCH": str(rules.STOCK_BATCH),
        "HEADROOM": str(agents.HEADROOM),
        "STALL_SECONDS": str(agents.STALL_SECONDS),
        "MAX_PACKET": f"{agents.MAX_PACKET:,}",
        "SOCKET_BUFFER": f"{agents.SOCKET_BUFFER:,}",
        "WORKERS": "{:,}-{:,}".format(*agents.WORKERS),
        "QUEUE": "{:,}-{:,}".format(*agents.QUEUE),
    } == documented
