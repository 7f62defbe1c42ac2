"""Which pasted tokens are accepted, and what is refused, unseen."""

from __future__ import annotations

import pytest

from sidecar.errors import SidecarError
from sidecar.findings import Severity
from sidecar.rules import recognition, tokens
from sidecar.tokens.source import TokenSource, clean

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
CANARY = "canary-that-nobody-may-see"

PASTED = {
    "alone": TOKEN,
    "with CRLF": f"  {TOKEN}\r\n",
    "with its key": f"Authentication={TOKEN}",
    "with a byte order mark": f"\ufeffAuthentication={TOKEN}\n",
    "with a tab": f"\t{TOKEN}",
    "with its key in lower case": f"authentication={TOKEN}",
    "with its key twice": f"Authentication=Authentication={TOKEN}",
    "as the agent's flag": f"--agent.tags=Authentication={TOKEN}",
    "as the old agent's flag": f"--jaeger.tags=Authentication={TOKEN}\n",
    "as a quoted flag": f'--agent.tags="Authentication={TOKEN}"',
    "as the vendor's line": (
        "nohup ./jaeger-agent --reporter.grpc.host-port=tracing-analysis-dc-sz.aliyuncs.com:1883 "
        f"--jaeger.tags=Authentication={TOKEN} &"
    ),
    "as the vendor's line, folded": (
        f"./jaeger-agent --a=b \\\n  --agent.tags 'Authentication={TOKEN}' \\\n  --c=d"
    ),
}
REFUSED = [
    ("", "empty-token"),
    (" \n", "empty-token"),
    ("\ufeff", "empty-token"),
    ("Authentication=", "empty-token"),
    ("--agent.tags=", "empty-token"),
    (f"{CANARY}\x00", "token-with-nul"),
    (f"{CANARY}\n{CANARY}", "token-with-line-break"),
    (f"{CANARY}\r\n{CANARY}\r\n", "token-with-line-break"),
    (f"{CANARY}\u2028{CANARY}", "token-with-line-break"),
    (f"{CANARY} {CANARY}", "token-with-space"),
    (f"{CANARY}\u3000{CANARY}", "token-with-space"),
    (f"Authentication= {CANARY}", "token-with-space"),
    (f"{CANARY}\ufeff{CANARY}", "token-with-invisible-character"),
    (f"{CANARY}\u200b{CANARY}", "token-with-invisible-character"),
    (f"{CANARY}\x1b[0m", "token-with-control-character"),
    (f"{CANARY}\x7f", "token-with-control-character"),
    (f"{CANARY}\uff20{CANARY}", "token-beyond-ascii"),
    (f"{CANARY}\udcff", "token-beyond-ascii"),
    (f'"{CANARY}"', "token-in-quotes"),
    (f"\u201c{CANARY}\u201d", "token-in-quotes"),
    (f"'Authentication={CANARY}'", "token-in-quotes"),
    (f"{CANARY}'{CANARY}", "token-with-quote"),
    (f"{CANARY},x=y", "token-with-comma"),
    (f"${{{CANARY}}}", "token-is-variable"),
    (f"$(cat {CANARY})".replace(" ", ""), "token-is-variable"),
    ("$TRACING_TOKEN", "token-is-variable"),
    (f"{CANARY}$${CANARY}", "token-with-doubled-dollar"),
    ("<token>", "token-is-placeholder"),
    ("{{token}}", "token-is-placeholder"),
    ("xxxxxxxx", "token-is-placeholder"),
    ("***", "token-is-placeholder"),
    (f"http://gateway.example.com/adapt_{CANARY}/api/traces", "token-is-endpoint"),
    (f"adapt_{CANARY}/api/otlp/traces", "token-is-endpoint"),
    (f"--{CANARY}", "token-begins-with-dash"),
    (CANARY * 50, "token-too-long"),
]


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
def test_a_pasted_token_is_cleaned(text: str) -> None:
    """Blanks, a byte order mark, the console's `Authentication=` and the flag are removed."""
    assert TOKEN == clean(text)


@pytest.mark.parametrize(
    "token", ["no-known-shape", "with=sign", "a.b/c+d==", "ab$c@1_ab$c@2", "a" * 1024]
)
def test_any_token_that_an_agent_can_send_is_taken(token: str) -> None:
    """The vendor's shape is not required."""
    assert token == clean(token)


@pytest.mark.parametrize(("text", "rule"), REFUSED)
def test_what_an_agent_would_misread_is_refused_unseen(text: str, rule: str) -> None:
    """The error is that of the first rule that the token breaks, and never shows the token."""
    first = tokens.broken_rules(recognition.strip(text))[0]
    with pytest.raises(SidecarError) as caught:
        clean(text)

    assert rule == first.rule.id
    assert ("token", first.cause, first.fix) == (
        caught.value.subject,
        caught.value.cause,
        caught.value.fix,
    )
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("token", "cause", "rule"),
    [
        (CANARY, "has no `@`", "unusual-token-shape"),
        (
            f"{CANARY}@half",
            "does not have the shape name@hash_name@hash",
            "unusual-token-shape",
        ),
        (
            recognition.LOCAL_TOKEN,
            "is the public constant of the region `local`",
            "public-token",
        ),
    ],
)
def test_an_unusual_token_is_taken_with_a_warning(token: str, cause: str, rule: str) -> None:
    """It is not shown."""
    taken, found = TokenSource(variable=token).token()

    assert token == taken
    assert [(Severity.WARNING, cause, rule)] == [
        (finding.severity, finding.cause, finding.id) for finding in found
    ]
    assert CANARY not in str(found)


def test_a_usual_token_is_taken_without_a_warning() -> None:
    """From the variable. The source's repr does not show it."""
    source = TokenSource(variable=f"Authentication={TOKEN}")

    assert (TOKEN, []) == source.token()
    assert TOKEN not in repr(source)


def test_the_local_token_is_a_public_constant() -> None:
    """It differs from the vendor's form, so that nobody takes it for one that is worth anything."""
    assert (
        "local@stand-in_local@public-constant"
        == recognition.LOCAL_TOKEN
        == clean(recognition.LOCAL_TOKEN)
    )
