"""What a pasted token is, and what is wrong with it. No message ever shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.findings import Finding, Severity
from sidecar.secrecy import LOCAL_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LENGTH = 1024
"""Characters; the vendor's have some 50. gRPC metadata, OTLP's way, ends at 8 KiB in all."""
SUBJECT = "token"


@dataclass(frozen=True)
class Rule:
    """One thing that a token must not be."""

    broken: Callable[[str], object]
    cause: str
    fix: str

    def error(self) -> SidecarError:
        """Return it as the error that a command ends with."""
        return SidecarError(SUBJECT, self.cause, self.fix)


def clean(text: str) -> str:
    """Return the token of a pasted text: blanks around it, `Authentication=` and the agent's flag are taken off.

    Raises SidecarError, never with the text in it, for the first rule that the token breaks.
    """
    token = strip(text)
    for rule in broken_rules(token):
        raise rule.error()
    return token


def strip(text: str) -> str:
    """Return a text without what is pasted along with a token; a whole command line gives its tags flag's value."""
    text = text.removeprefix("\ufeff").strip()
    flag = _FLAG.search(text)
    return _PREFIXES.sub("", flag["value"] if flag else text)


def broken_rules(token: str) -> list[Rule]:
    """Return every rule that a stripped token breaks."""
    return [rule for rule in RULES if rule.broken(token)]


def hints(token: str) -> list[Finding]:
    """Return warnings of a token that an agent would carry well, but that may not be what was meant."""
    if token == LOCAL_TOKEN:
        fix = "Set the token of your region's access-point page"
        return [
            Finding(
                Severity.WARNING, SUBJECT, "", "is the public constant of the region `local`", fix
            )
        ]
    if _SHAPE.fullmatch(token):
        return []
    cause = "is not of the shape name@hash_name@hash" if "@" in token else "holds no `@`"
    fix = "Compare it with the access-point page: its tokens have the shape name@hash_name@hash"
    return [Finding(Severity.WARNING, SUBJECT, "", cause, fix)]


_FLAG = re.compile(
    r"(?:^|\s)--?(?:agent|jaeger)\.tags(?:=|\s+)(?P<quote>['\"]?)(?P<value>.*?)(?P=quote)(?=\s|$)",
    re.DOTALL,
)
_PREFIXES = re.compile(r"\A(?:Authentication=)+", re.IGNORECASE)
_SHAPE = re.compile(r"[^@_]+@[^@_]+_[^@_]+@[^@_]+")
_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_QUOTED = re.compile(rf"[{_QUOTES}].*[{_QUOTES}]", re.DOTALL)
_ALONE = "Copy the token alone"


def _beyond_ascii(token: str) -> bool:
    """Tell whether a character is beyond ASCII and no other rule names it better."""
    found = set(_BEYOND_ASCII.findall(token))
    named = (_LINE_BREAK, _BLANK, _INVISIBLE, _CONTROL)
    return any(
        char not in _QUOTES and not any(rule.match(char) for rule in named) for char in found
    )


RULES = (
    Rule(lambda token: not token, "is empty", "Copy it from the access-point page of the region"),
    Rule(
        lambda token: "\0" in token,
        "holds a NUL character",
        "The source is not text: name the file that was meant",
    ),
    Rule(_LINE_BREAK.search, "holds a line break", "Give one line with the token and nothing else"),
    Rule(_BLANK.search, "holds a blank", _ALONE),
    Rule(
        _INVISIBLE.search,
        "holds an invisible character, such as a byte order mark",
        f"{_ALONE}, as plain text",
    ),
    Rule(_CONTROL.search, "holds a control character", _ALONE),
    Rule(
        _beyond_ascii,
        "holds a character beyond ASCII, perhaps a look-alike",
        f"{_ALONE} from the console",
    ),
    Rule(_QUOTED.fullmatch, "is in quotes", "Give it without them"),
    Rule(
        lambda token: any(char in _QUOTES for char in token) and not _QUOTED.fullmatch(token),
        "holds a quote",
        _ALONE,
    ),
    Rule(lambda token: "," in token, "holds a comma, at which the agent would split it", _ALONE),
    Rule(
        re.compile(r"\$\{|\$\(|\A\$[A-Za-z_]\w*\Z").search,
        "is a variable that nothing has expanded",
        "Give its value: an agent drops the tag of an unset variable without a word",
    ),
    Rule(
        lambda token: "$$" in token,
        "holds `$$`, which is how a Compose file writes `$`",
        "Write each `$` once: the token's file is not read by Compose",
    ),
    Rule(
        re.compile(r"<.*>|\{\{.*\}\}|\*{3,}|x{6,}", re.IGNORECASE).fullmatch,
        "is a placeholder",
        "Copy the token from the access-point page of the region",
    ),
    Rule(
        lambda token: "://" in token or "/api/" in token,
        "is an HTTP endpoint",
        "Give the part between `adapt_` and `/api/`, or the token of the page's gRPC row",
    ),
    Rule(
        lambda token: token.startswith("-"),
        "begins with `-`, as a flag does",
        "Give the token, or the agent's whole `--agent.tags=Authentication=...`",
    ),
    Rule(
        lambda token: len(token) > MAX_LENGTH,
        f"is longer than {MAX_LENGTH:,} characters",
        "The vendor's have some 50: copy the token alone",
    ),
)
"""In the order in which they are told; whatever breaks none arrives at the gateway as it is."""
