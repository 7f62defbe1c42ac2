"""What is wrong with the variables of a service: one answer for Compose files, specs and charts.

Two questions are the caller's: `clients.sampler_variables`, since a spec may name the sampler
elsewhere, and the agent's address, which only the kit sets (`clients.overridden_agent`) or which
depends on a Compose file (`clients.agent_host`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import clients, recognition, services, tokens
from sidecar.rules.clients import Judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def judge(environment: Mapping[str, str], known: Iterable[str] = ()) -> list[Judged]:
    """Return the problems of a service's variables; `known` are tokens found elsewhere.

    A variable that holds a token is judged for nothing else.
    """
    problems = {name: tokens.in_environment(name, environment[name], known) for name in environment}
    found = [Judged((name,), problem) for name, problem in problems.items() if problem]
    harmless = {name: environment[name] for name, problem in problems.items() if not problem}
    if unreadable := clients.jaeger_tags(harmless.get(clients.TAGS, "")):
        found.append(Judged((clients.TAGS,), unreadable))
    clear = tuple(name for name in harmless if recognition.is_secret(name, harmless[name]))
    if clear:
        found.append(Judged(clear, services.secrets_in_clear(clear)))
    if off := clients.switched_off(harmless):
        found.append(off)
    return [*found, *clients.unread_variables(harmless)]
