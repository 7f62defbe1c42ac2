"""What a bundle holds of a deployment: what runs, its settings, the agents' logs, versions."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar import __version__
from sidecar.errors import SidecarError
from sidecar.watch.scan import masked_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.verify.hops import Proof
    from sidecar.watch.agents import Watched

LOG_BYTES = 512 * 1024
"""The end of each log."""
SHOWN_VARIABLES = ("JAEGER_", "SIDECAR_", "NO_PROXY", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY")
"""Variables whose values are shown; of all others only the names are."""
_README = """\
What `sidecar verify --bundle` collected of {name}, with kit {version}.

versions.json    the kit, Python, the engine or cluster
proof.json       the hops with counters, causes and fixes; proof-error.txt where there is no proof
plan.json        what was planned, by the spec or by the rendering itself (`from`)
status.json      each agent's state and counters
deployment.json  what runs: images, arguments, limits, states
rendered/        the file that the kit wrote for it
logs/            the end of each agent's log

Tokens are masked. Variables of your services are listed by name, without their values. Read it
before you hand it on: logs may hold names and addresses.
"""


@dataclass
class Evidence:
    """Texts by their name in the archive, and the tokens that must not be in them."""

    files: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def add(self, name: str, read: Callable[[], str]) -> None:
        """Add a text without the values of secrets; where it cannot be read, why."""
        try:
            self.files[name] = masked_settings(read())
        except SidecarError as error:
            self.files[name] = f"cannot be read: {error}\n"
        except OSError as error:
            self.files[name] = f"cannot be read: {error.strerror or error}\n"

    def add_plan(self, read: Callable[[], Any]) -> None:
        """Add the plan of a spec, if there is one, in place of what the rendering shows."""
        try:
            data = read()
        except SidecarError as error:
            self.files["plan-error.txt"] = masked_settings(f"{error}\n")
        else:
            if data is not None:
                self.add_data("plan.json", lambda: data)

    def add_data(self, name: str, read: Callable[[], Any]) -> None:
        """Add data as JSON."""
        self.add(name, lambda: as_json(read()))


def as_json(data: Any) -> str:  # noqa: ANN401 - JSON-ready data
    """Return data as the archive holds it."""
    return json.dumps(data, indent=2) + "\n"


def evidence_of(
    find: Callable[[], Watched],
    outcome: Proof | SidecarError,
    status: Callable[[Watched], Any],
    plan: Callable[[str], Any] = lambda _: None,
) -> Evidence:
    """Return the evidence of a deployment that may not be there at all.

    `plan` takes its name, and returns what a spec says of it, or None.
    """
    made = Evidence()
    name = "a deployment"
    made.files["versions.json"] = as_json(_versions())
    if isinstance(outcome, SidecarError):
        made.files["proof-error.txt"] = f"{outcome}\n"
    else:
        made.files["proof.json"] = as_json(outcome.as_dict())
    try:
        deployment = find()
    except SidecarError as error:
        made.files["deployment-error.txt"] = f"{error}\n"
    else:
        name = deployment.name
        try:
            made.files["status.json"] = as_json(status(deployment))
            deployment.collect(made)
        except SidecarError as error:
            made.files["deployment-error.txt"] = f"{error}\n"
    made.add_plan(lambda: plan(name))
    made.files["README.txt"] = _README.format(name=name, version=__version__)
    return made


def shown_variables(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return variables by name, with the values of those that matter here and None for others."""
    return {
        name: value if name.startswith(SHOWN_VARIABLES) else None
        for name, value in sorted(environment.items())
    }


def end_of(log: str) -> str:
    """Return the end of a log, from the start of a line on."""
    if len(log) <= LOG_BYTES:
        return log
    return log[-LOG_BYTES:].partition("\n")[2]


def _versions() -> dict[str, str]:
    return {
        "kit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
