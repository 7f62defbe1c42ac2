"""The fields of `capacity`: what agents are sized for."""

from __future__ import annotations

from sidecar.spec.records import Capacity
from sidecar.spec.scalars import Integer
from sidecar.spec.sections import Field, Section

CAPACITY = Section(
    Capacity,
    (
        Field(
            "spans_per_second",
            Integer(1, 1_000_000, "a rate"),
            "spans/s of one replica at its peak",
            Capacity.spans_per_second,
            5000,
        ),
        Field(
            "round_trip_ms",
            Integer(1, 60_000, "a round trip in ms"),
            "time of a call to the gateway, in ms",
            Capacity.round_trip_ms,
            30,
        ),
    ),
)
