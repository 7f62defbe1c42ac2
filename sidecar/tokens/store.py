"""Where agents read their token from: one interface for a folder's file and a cluster's Secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from sidecar.tokens.check import Checked
    from sidecar.verify.deployment import Deployment

    Say = Callable[[str], None]


class Agents(Protocol):
    """Running agents that have read a store's token, and keep it until they are replaced."""

    @property
    def names(self) -> Sequence[str]:
        """What is replaced: agents, or the workloads of their pods. Empty where nothing runs."""
        ...

    @property
    def idle(self) -> str:
        """Why nothing runs; empty where something does."""
        ...

    @property
    def replaced(self) -> str:
        """The participle for what a rotation does to them."""
        ...

    def replace(self, say: Say) -> None:
        """Start agents with the new token. Raises SidecarError where one does not start."""
        ...

    def deployments(self) -> Iterable[tuple[str, Deployment]]:
        """Yield what must be proven before the rotation is complete, each with its name."""
        ...

    def retire(self, say: Say) -> None:
        """End the agents with the old token. Raises SidecarError with the names of those left."""
        ...

    def put_back(self, *, restored: bool) -> str:
        """Undo `replace`; return what to report. `restored`: the store has the old token again."""
        ...


class TokenStore(Protocol):
    """One place that holds an agent's config file with the token."""

    @property
    def name(self) -> str:
        """The store, as messages show it."""
        ...

    @property
    def written(self) -> str:
        """The participle for what a write does to it."""
        ...

    def locked(self, say: Say) -> AbstractContextManager[None]:
        """Wait until no other command changes the store, and keep others out."""
        ...

    def read(self) -> bytes | None:
        """Return the config file; None where there is none. Raises SidecarError."""
        ...

    def write(self, config: bytes) -> None:
        """Write the config file whole, or raise SidecarError and leave the old one."""
        ...

    def restore(self, before: bytes | None) -> bool:
        """Put a former config file back; return False where there was none and the new one stays.

        Raises SidecarError.
        """
        ...

    def check(self, key: str) -> Checked:
        """Judge the config file; `key` is the one that the agent's version reads."""
        ...

    def agents(self) -> Agents:
        """Return the running agents that read this store. Raises SidecarError."""
        ...


@dataclass(frozen=True)
class NoAgents:
    """Stands in for the agents where nothing runs: the token is only written."""

    idle: str
    names: Sequence[str] = ()
    replaced: str = "replaced"

    def replace(self, say: Say) -> None:
        """Start nothing."""

    def deployments(self) -> Iterable[tuple[str, Deployment]]:
        """Return nothing to prove."""
        return ()

    def retire(self, say: Say) -> None:
        """End nothing."""

    def put_back(self, *, restored: bool) -> str:  # noqa: ARG002 - nothing runs
        """Undo nothing."""
        return ""
