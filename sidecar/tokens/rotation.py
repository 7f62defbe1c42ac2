"""Replaces the token of running agents: write, replace, prove; or undo it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import signals
from sidecar.errors import SidecarError
from sidecar.plan.agents import config_text
from sidecar.tokens.check import key_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    from sidecar.tokens.store import Agents, Say, TokenStore

SPANS = 20
"""Marked spans through each agent that has the new token."""


@dataclass(frozen=True)
class NewToken:
    """What a rotation writes."""

    token: str
    default_key: str
    """The agent's key for it where the store holds no token file."""
    key: str | None = None
    """The agent's key for it, whatever the store holds; None keeps the store's."""

    def config(self, before: bytes | None) -> bytes:
        """Return the agent's config file that replaces the one before it."""
        key = self.key or (key_of(before) if before else None) or self.default_key
        return config_text(self.token, key).encode()


def rotate(store: TokenStore, new: NewToken, say: Say, *, prove: bool = True) -> Agents:
    """Write the new token, replace the agents and prove them; return the agents that it replaced.

    Raises SidecarError. Up to the proof, store and agents are then as before. After it, the old
    agents end whatever happens; those that could not be ended are named.
    """
    with store.locked(say):
        rotation = _Rotation(store, store.agents(), store.read(), say)
        rotation.change(new, prove=prove)
        with signals.deferred():
            rotation.agents.retire(say)
        return rotation.agents


@dataclass(frozen=True)
class _Rotation:
    """One store with what it held before, and the agents that read it."""

    store: TokenStore
    agents: Agents
    before: bytes | None
    say: Say

    def change(self, new: NewToken, *, prove: bool) -> None:
        written = False
        try:
            self.store.write(new.config(self.before))
            written = True
            self.agents.replace(self.say)
            if prove:
                self._prove()
        except SidecarError as error:
            if not written:  # refused: all is as it was
                raise
            with signals.ignored():
                undone = self._undo()
            fix = ". ".join(filter(None, (error.fix, undone)))
            raise SidecarError(error.subject, error.cause, fix, id=error.id) from None
        except BaseException:
            with signals.ignored():
                self.say(self._undo())
            raise

    def _prove(self) -> None:
        for name, deployment in self.agents.deployments():
            failure = verify(deployment, SPANS, path_only=True).first_failure
            if failure:
                cause = f"is not proven: {failure.service}, {failure.hop}: {failure.cause}"
                raise SidecarError("token", cause, failure.fix, id=failure.id)
            self.say(f"{name}: proven, {SPANS} spans through each service's agent")

    def _undo(self) -> str:
        """Put the old token back and then the agents; return what to report."""
        try:
            restored = self.store.restore(self.before)
        except SidecarError as error:
            restored, token = False, f"The old token could not be restored: {error}"
        else:
            token = self._restored_text(restored=restored)
        return ". ".join(filter(None, (token, self.agents.put_back(restored=restored))))

    def _restored_text(self, *, restored: bool) -> str:
        if not restored:
            return "There was no token before: the new one stays"
        return (
            "There is no token, as before" if self.before is None else "The old token was restored"
        )
