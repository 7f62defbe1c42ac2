"""What the vendor means by the HTTP answers of a region's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER = Rule(
    "token-refused-at-web-port",
    Severity.WARNING,
    "The gateway's web port refuses the token, or says that it takes no spans.",
    "The gateway will probably refuse the agents' spans as well.",
    "Set the token of this region; see quota and collection switch in the console",
    "HTTP 403 to the token of another region",
)
VENDOR_ANSWERS: Mapping[int, str] = {
    400: "the format is wrong",
    403: "the endpoint or the token is wrong",
    405: "the quota is used up",
    406: "the collection of spans is switched off",
}
"""HTTP status of a region's gateway → what the vendor means by it."""


def vendor_answer(status: int) -> str:
    """Return a status of a region's gateway with its meaning, where the vendor gives it one."""
    meaning = VENDOR_ANSWERS.get(status)
    return f"{status} ({meaning})" if meaning else str(status)


_REFUSALS = (403, 405, 406)


def takes_token(status: int) -> bool:
    """Tell whether a status means that the token passed: only what was sent is judged then."""
    return 200 <= status < 300 or status == 400


def token_answer(status: int) -> Problem | None:
    """Judge the status with which a gateway's web port answers to a token without spans."""
    if status not in _REFUSALS:
        return None
    return ANSWER.problem(f"answers {vendor_answer(status)} to the token")
