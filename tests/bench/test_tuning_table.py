"""docs/tuning.md agrees with the code."""

import re
from pathlib import Path

from sidecar.plan import agents, collector_sizes, forwarders, relays
from sidecar.rules import agents as rules
from sidecar.spec import AgentSettings, Capacity

TEXT = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")
AGENT, _, AFTER = TEXT.partition("## How is a collector sized?")
BETWEEN, _, FORWARDER = AFTER.partition("## How is the forwarder sized?")
COLLECTOR, _, RELAY = BETWEEN.partition("## How is a relay sized?")


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


def constants(text):
    """Return the constants of a part of the document, with their values as text."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", text, re.MULTILINE))


def test_the_constants_are_those_of_the_code():
    """Each constant in the document has the value in the code."""
    assert {
        "STOCK_BATCH": str(rules.STOCK_BATCH),
        "HEADROOM": str(agents.HEADROOM),
        "STALL_SECONDS": str(agents.STALL_SECONDS),
        "MAX_PACKET": f"{agents.MAX_PACKET:,}",
        "SOCKET_BUFFER": f"{agents.SOCKET_BUFFER:,}",
        "WORKERS": "{:,}-{:,}".format(*agents.WORKERS),
        "QUEUE": "{:,}-{:,}".format(*agents.QUEUE),
    } == constants(AGENT)


def test_a_collectors_constants_are_those_of_the_code():
    """Each constant in its section has the value in the code."""
    assert {
        "SPAN_BYTES": str(collector_sizes.SPAN_BYTES),
        "DISK_BYTES": f"{collector_sizes.DISK_BYTES:,}",
        "DRAIN_RATE": f"{collector_sizes.DRAIN_RATE:,}",
        "DRAIN_FACTOR": str(collector_sizes.DRAIN_FACTOR),
        "BATCH_BYTES": f"{collector_sizes.BATCH_BYTES:,}",
        "CONSUMERS": "{}-{}".format(*collector_sizes.CONSUMERS),
        "BASE_MIB": str(collector_sizes.BASE_MIB),
        "GOMEMLIMIT": f"{collector_sizes.GO_SHARE * 100:.0f}% of memory",
    } == constants(COLLECTOR)


def test_a_relays_constants_are_those_of_the_code():
    """Each constant in its section has the value in the code."""
    assert {
        "SLACK_MIB": str(relays.SLACK_MIB),
        "CALL_MIB": str(relays.CALL_MIB),
    } == constants(RELAY)


def test_the_forwarders_constants_are_those_of_the_code():
    """Each constant in its section has the value in the code."""
    assert {
        "MOST_CALLS": str(forwarders.MOST_CALLS),
        "BASE_MIB": str(forwarders.BASE_MIB),
        "CALL_MIB": str(forwarders.CALL_MIB),
    } == constants(FORWARDER)


def test_a_collectors_table_is_what_buffer_returns():
    """Every cell of the table follows from the rate and the outage."""
    rows = re.findall(r"^\| ([\d,]+) \| (\d+)([mh]) \| (.*) \|$", COLLECTOR, re.MULTILINE)

    assert len(rows) >= 5
    for rate, length, unit, rest in rows:
        capacity = Capacity(int(rate.replace(",", "")))
        seconds = int(length) * {"m": 60, "h": 3600}[unit]
        sizes = collector_sizes.buffer(AgentSettings("collector", buffer_s=seconds), capacity)
        memory = collector_sizes.tune(capacity).memory_mib
        assert numbers(rest) == [sizes.queue_spans, sizes.disk_mib, sizes.consumers, memory]
