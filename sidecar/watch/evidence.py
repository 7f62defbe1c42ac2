"""What a bundle holds of a deployment: what runs, its settings, the agents' logs, versions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.watch.scan import masked_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


LOG_BYTES = 512 * 1024
"""The end of each log."""
SHOWN_VARIABLES = ("JAEGER_", "SIDECAR_", "NO_PROXY", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY")
"""Variables whose values are shown; of all others only the names are."""


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
