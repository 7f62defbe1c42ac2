"""The settings of the sending thread, and what callers ask it to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar_tracing import native


@dataclass(frozen=True)
class Settings:
    """What a reporter was made with."""

    batch_size: int
    flush_interval: float
    bytes_per_second: float


@dataclass
class End:
    """A close that was asked for."""

    deadline: float
    done: native.Latch = field(default_factory=native.Latch)


@dataclass(frozen=True)
class Flush:
    """A request to send what is finished; its latch gets whether that was possible."""

    mark: int
    done: native.Latch = field(default_factory=native.Latch)
