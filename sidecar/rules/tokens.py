"""What a token must not be, and where it must not be. No problem ever shows a token."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import recognition

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LENGTH = 1024
"""Characters; the vendor's have about 50. All gRPC metadata, which OTLP uses, ends at 8 KiB."""

# Patterns that Helm reads as Python does: its RE2 has no lookahead, and no \u in a pattern.
_LINE_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_BLANKS = "\t\x1f \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_CONTROL = r"\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_NAMED = rf"{_LINE_BREAKS}{_BLANKS}{_INVISIBLE}{_CONTROL}{_QUOTES}"
"""Characters that other rules name better than "outside ASCII"."""
_ANY = r"[\s\S]"
_IN_QUOTES = rf"\A[{_QUOTES}]{_ANY}*[{_QUOTES}]\Z"
_STRAY_QUOTE = rf"\A[^{_QUOTES}]{_ANY}*[{_QUOTES}]|[{_QUOTES}]{_ANY}*[^{_QUOTES}]\Z|\A[{_QUOTES}]\Z"
_VARIABLE = r"\$\{|\$\(|\A\$[A-Za-z_][A-Za-z0-9_]*\Z"
_PLACEHOLDER = r"\A(?:<.*>|\{\{.*\}\}|\*{3,}|[xX]{6,})\Z"
_TOO_LONG = rf"{_ANY}{{1000}}{_ANY}{{{MAX_LENGTH - 999}}}"
"""RE2 repeats at most 1,000 times."""

_COPY = "Copy it from the access-point page of the region"
_ONLY = "Copy only the token"
_UNREADABLE = "The agent or the gateway reads another value, and spans are dropped or refused."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _UNREADABLE) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


EMPTY = _error(
    "empty-token",
    "The token is empty.",
    _COPY,
    "Authentication=",
    "The gateway drops or refuses spans without a token.",
)
NUL = _error(
    "token-with-nul",
    "The token contains a NUL character.",
    "The source is not text: name the right file",
    r"abc\0",
)
LINE_BREAK = _error(
    "token-with-line-break",
    "The token contains a line break.",
    "Give one line with only the token",
    r"abc\nabc",
)
BLANK = _error("token-with-space", "The token contains a space.", _ONLY, "abc abc")
INVISIBLE = _error(
    "token-with-invisible-character",
    "The token contains an invisible character, such as a byte order mark.",
    f"{_ONLY}, as plain text",
    r"abc\u200b",
)
CONTROL = _error(
    "token-with-control-character",
    "The token contains a control character.",
    _ONLY,
    r"abc\x1b[0m",
)
BEYOND_ASCII = _error(
    "token-beyond-ascii",
    "The token contains a character outside ASCII, perhaps a look-alike.",
    f"{_ONLY} from the console",
    "abc\uff201",
)
QUOTED = _error("token-in-quotes", "The token is in quotes.", "Give it without quotes", '"abc"')
QUOTE = _error("token-with-quote", "The token contains a quote.", _ONLY, "abc'abc")
COMMA = _error(
    "token-with-comma",
    "The token contains a comma.",
    _ONLY,
    "abc,abc",
    "The agent splits its tags at commas: it would report a part of the token, or not start.",
)
VARIABLE = _error(
    "token-is-variable",
    "The token is a variable that nothing has expanded.",
    "Give its value: an agent silently drops the tag of an unset variable",
    "${TRACING_TOKEN}",
)
DOUBLED_DOLLAR = _error(
    "token-with-doubled-dollar",
    "The token contains `$$`, which is how a Compose file writes `$`.",
    "Write each `$` once: Compose does not read the token's file",
    "abc$$1",
)
PLACEHOLDER = _error(
    "token-is-placeholder",
    "The token is a placeholder.",
    _COPY,
    "<token>",
)
ENDPOINT = _error(
    "token-is-endpoint",
    "The token is an HTTP endpoint.",
    "Give the part between `adapt_` and `/api/`, or the token of the page's gRPC row",
    "http://gateway.example.com/adapt_abc/api/traces",
)
DASH = _error(
    "token-begins-with-dash",
    "The token begins with `-`, as a flag does.",
    "Give the token, or the agent's whole `--agent.tags=Authentication=...`",
    "--abc",
)
TOO_LONG = _error(
    "token-too-long",
    f"The token is longer than {MAX_LENGTH:,} characters.",
    "The vendor's tokens have about 50 characters: copy only the token",
    f"A text of {MAX_LENGTH + 1:,} characters",
)

PUBLIC = Rule(
    "public-token",
    Severity.WARNING,
    "The token is the public constant of the region `local`.",
    "A region's gateway drops or refuses every span that comes with it.",
    "Use the token from the access-point page of your region",
    recognition.LOCAL_TOKEN,
)
UNUSUAL_SHAPE = Rule(
    "unusual-token-shape",
    Severity.WARNING,
    "The token does not have the shape name@hash_name@hash.",
    "The vendor's tokens have this shape. With an incomplete token every span is lost.",
    "Compare it with the access-point page: its tokens have the shape name@hash_name@hash",
    "abc123@0123",
)

IN_ENVIRONMENT = Rule(
    "token-in-environment",
    Severity.WARNING,
    "A token is in a container's environment.",
    "Whoever may inspect the container or read /proc reads the token; child processes inherit it.",
    "Remove it: only the agent needs the token, from a file. See `sidecar token set`",
    "environment: {TRACING_TOKEN: abc123@0123_abc123@4567}",
)
IN_ARGUMENTS = Rule(
    "token-in-arguments",
    Severity.WARNING,
    "A token is in the arguments of a program.",
    "/proc and `docker inspect` show arguments, and so does the agent's /debug/pprof/cmdline "
    "to anyone who reaches it.",
    "Get a new token, and let `sidecar token set` put it into a file that only the agent reads",
    "command: [--agent.tags=Authentication=abc123@0123_abc123@4567]",
)
IN_FIELD = Rule(
    "token-in-field",
    Severity.WARNING,
    "A setting of a service holds a token.",
    "The setting is written to files, and the token with it.",
    "Write it without the token, which the kit's agent adds",
    "volumes: [./abc123@0123_abc123@4567:/data]",
)


def broken_rules(token: str) -> list[Problem]:
    """Return every rule that a token breaks that was stripped of what is pasted along with it."""
    return [
        pasted.rule.problem(pasted.cause)
        for pasted in PASTED
        if _pattern(pasted.pattern).search(token)
    ]


def warnings(token: str) -> list[Problem]:
    """Return problems of a token that an agent would send, but that may be the wrong one."""
    if token == recognition.LOCAL_TOKEN:
        return [PUBLIC.problem("is the public constant of the region `local`")]
    if _pattern(r"[^@_]+@[^@_]+_[^@_]+@[^@_]+\Z").match(token):
        return []
    cause = "does not have the shape name@hash_name@hash" if "@" in token else "has no `@`"
    return [UNUSUAL_SHAPE.problem(cause)]


def in_environment(name: str, value: str, known: Iterable[str] = ()) -> Problem | None:
    """Judge whether a variable of a container holds a token, or is named as one."""
    if recognition.holds_token(value, known) or recognition.names_token(name, value):
        return environment_problem(name)
    return None


def environment_problem(name: str) -> Problem:
    """Return the problem of a variable that is known to hold a token."""
    cause = f"the token is in the environment ({name}): /proc and `docker inspect` show it"
    return IN_ENVIRONMENT.problem(cause)


def in_arguments(value: str, known: Iterable[str] = ()) -> Problem | None:
    """Judge whether an argument of a program holds a token."""
    return arguments_problem() if recognition.holds_token(value, known) else None


def arguments_problem(variables: Iterable[str] = (), admin_port: int | None = None) -> Problem:
    """Return the problem of arguments that hold a token; Compose expands `variables` in them."""
    names = ", ".join(f"${name}" for name in variables)
    source = f" (Compose expands {names})" if names else ""
    readers = f":{admin_port}/debug/pprof/cmdline, /proc" if admin_port else "/proc"
    cause = f"the token is an argument{source}: {readers} and `docker inspect` show it"
    return IN_ARGUMENTS.problem(cause)


def in_field(value: str, known: Iterable[str] = ()) -> Problem | None:
    """Judge whether any other setting holds a token."""
    return IN_FIELD.problem("holds the token") if recognition.holds_token(value, known) else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


class Pasted(NamedTuple):
    """One thing that a token must not be."""

    rule: Rule
    cause: str
    pattern: str
    """Found in a token that breaks the rule."""


PASTED = (
    Pasted(EMPTY, "is empty", r"\A\Z"),
    Pasted(NUL, "contains a NUL character", r"\x00"),
    Pasted(LINE_BREAK, "contains a line break", f"[{_LINE_BREAKS}]"),
    Pasted(BLANK, "contains a space", f"[{_BLANKS}]"),
    Pasted(
        INVISIBLE,
        "contains an invisible character, such as a byte order mark",
        f"[{_INVISIBLE}]",
    ),
    Pasted(CONTROL, "contains a control character", f"[{_CONTROL}]"),
    Pasted(
        BEYOND_ASCII,
        "contains a character outside ASCII, perhaps a look-alike",
        rf"[^\x00-\x7f{_NAMED}]",
    ),
    Pasted(QUOTED, "is in quotes", _IN_QUOTES),
    Pasted(QUOTE, "contains a quote", _STRAY_QUOTE),
    Pasted(COMMA, "contains a comma, at which the agent would split it", ","),
    Pasted(VARIABLE, "is a variable that nothing has expanded", _VARIABLE),
    Pasted(DOUBLED_DOLLAR, "contains `$$`, which is how a Compose file writes `$`", r"\$\$"),
    Pasted(PLACEHOLDER, "is a placeholder", _PLACEHOLDER),
    Pasted(ENDPOINT, "is an HTTP endpoint", "://|/api/"),
    Pasted(DASH, "begins with `-`, as a flag does", r"\A-"),
    Pasted(TOO_LONG, f"is longer than {MAX_LENGTH:,} characters", _TOO_LONG),
)
"""In the order of reports. A token that breaks none arrives at the gateway unchanged."""
