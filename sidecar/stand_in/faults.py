"""Faults on demand: the stand-in is slow, fails, or never answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import grpc

STATUSES = tuple(code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK)
MAX_LATENCY_MS = 600_000


@dataclass(frozen=True)
class Faults:
    """The faults of every call. Raises ValueError for an invalid value."""

    latency_ms: int = 0
    """The delay of the answer; spans are accepted at once."""
    fail_with: str | None = None
    """A gRPC status that answers every call, without reading its spans."""
    fail_calls: int | None = None
    """The number of calls that fail; None: all."""
    black_hole: bool = False
    """No call is read or answered."""

    def __post_init__(self) -> None:
        _integer("latency_ms", self.latency_ms, MAX_LATENCY_MS)
        if self.fail_calls is not None:
            _integer("fail_calls", self.fail_calls, 2**31)
        if not isinstance(self.black_hole, bool):
            raise ValueError("black_hole is not true or false")  # noqa: TRY004 - one type
        if self.fail_with is not None and self.fail_with not in STATUSES:
            raise ValueError(f"fail_with is not one of {', '.join(STATUSES)}")

    def changed(self, changes: object) -> Faults:
        """Return these faults with changes from JSON data. Raises ValueError."""
        names = [field.name for field in fields(self)]
        if not isinstance(changes, dict) or not changes.keys() <= set(names):
            raise ValueError(f"the body is not an object with some of {', '.join(names)}")
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the faults as JSON-ready data."""
        return asdict(self)


def _integer(name: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} is not a whole number from 0 to {most}")


class FaultSwitch:
    """Holds the active faults, which may change while calls run."""

    def __init__(self, faults: Faults) -> None:
        self.current = faults

    def set(self, faults: Faults) -> None:
        """Activate other faults for the calls from now on."""
        self.current = faults

    def take_failure(self) -> Any:  # noqa: ANN401 - grpc.StatusCode, which grpc does not type
        """Return the status with which this call fails, or None; counts the call."""
        faults = self.current
        if faults.fail_with is None or faults.fail_calls == 0:
            return None
        if faults.fail_calls is not None:
            self.current = replace(faults, fail_calls=faults.fail_calls - 1)
        return grpc.StatusCode[faults.fail_with]
