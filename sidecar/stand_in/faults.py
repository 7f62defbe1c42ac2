"""Faults on demand: the stand-in is slow, fails, resets, is away, or never answers."""

from __future__ import annotations

import asyncio
import random
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STATUSES = tuple(code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK)
MAX_LATENCY_MS = 600_000
BAD_TOKEN = ("refuse", "drop")
_SEED = 1


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
    """No call is read or answered, then or later: only a reset ends it."""
    share: float = 1.0
    """The share of calls that fail, are reset, or are never answered; the others are served."""
    reset: bool = False
    """All connections are reset now, and those of later calls with the call."""
    away: bool = False
    """The gRPC port is closed: connections are reset, new ones refused."""
    bad_token: str | None = None
    """refuse or drop: each token counts as wrong, and is answered so."""

    def __post_init__(self) -> None:
        _integer("latency_ms", self.latency_ms, MAX_LATENCY_MS)
        if self.fail_calls is not None:
            _integer("fail_calls", self.fail_calls, 2**31)
        for name in ("black_hole", "reset", "away"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is not true or false")  # noqa: TRY004 - one type
        _share(self.share)
        _one_of("fail_with", self.fail_with, STATUSES)
        _one_of("bad_token", self.bad_token, BAD_TOKEN)

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


def _share(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError("share is not a number from 0 to 1")


def _one_of(name: str, value: object, names: tuple[str, ...]) -> None:
    if value is not None and value not in names:
        raise ValueError(f"{name} is not one of {', '.join(names)}")


class Strike(Enum):
    """What a fault does to one call."""

    FAIL = "fail"
    RESET = "reset"
    HOLD = "hold"


class FaultSwitch:
    """Holds the active faults, which may change while calls run."""

    def __init__(self, on_change: Callable[[Faults], Awaitable[None]]) -> None:
        """Call `on_change` with other faults before they are active; if it raises, they are not."""
        self.current = Faults()
        self._on_change = on_change
        self._changing = asyncio.Lock()
        self._random = random.Random(_SEED)  # noqa: S311 - repeatable, not secret

    async def set(self, faults: Faults) -> None:
        """Activate other faults for the calls from now on. Raises what `on_change` raises."""
        async with self._changing:
            await self._on_change(faults)
            self._random = random.Random(_SEED)  # noqa: S311
            self.current = faults

    def take(self) -> Strike | None:
        """Return what happens to this call, or None if it is served; counts the call."""
        faults = self.current
        strike = _strike(faults)
        if strike is None or (faults.share < 1 and self._random.random() >= faults.share):
            return None
        if strike is Strike.FAIL and faults.fail_calls is not None:
            self.current = replace(faults, fail_calls=faults.fail_calls - 1)
        return strike

    @property
    def status(self) -> Any:  # noqa: ANN401 - grpc.StatusCode, which grpc does not type
        """The status with which calls fail."""
        return grpc.StatusCode[self.current.fail_with or "UNAVAILABLE"]


def _strike(faults: Faults) -> Strike | None:
    if faults.black_hole:
        return Strike.HOLD
    if faults.reset or faults.away:
        return Strike.RESET
    if faults.fail_with is None or faults.fail_calls == 0:
        return None
    return Strike.FAIL
