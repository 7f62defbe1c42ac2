"""What looks like a token or another secret, and how a text is masked.

Every start of the command may import this module, so it imports little and compiles a pattern
only when it is first needed. All patterns run in linear time: they read logs and pasted files.
"""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False  # as in sidecar.cli: importing typing costs start-up time
if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN_TAG = "Authentication"  # noqa: S105 - the tag's key
PREFIX = f"{TOKEN_TAG}="
MASK = "***"
LOCAL_TOKEN = "local@stand-in_local@public-constant"  # noqa: S105 - public: the stand-in's
"""The token of the region `local`. It is public, and worth nothing elsewhere."""
TAGS_FLAGS = ("agent.tags", "jaeger.tags")
"""Flags of an agent, without dashes, whose value holds the token; the second is that of 1.15."""


def looks_like_token(text: str) -> bool:
    """Tell whether a text holds what looks like a token, in any form that users write it.

    The forms: after `Authentication=`, after `adapt_` as in a URL, and `a@b@c`, of which
    the vendor's `name@hash_name@hash` is one case.
    """
    return any(form.search(text) for form in _forms())


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of all that looks like a token, in order and without overlaps."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(match.span("token") for match in _matches(text)):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def find_tokens(text: str) -> list[str]:
    """Return each text that looks like a token, once."""
    return list(dict.fromkeys(match["token"] for match in _matches(text)))


def holds_token(text: str, known: Iterable[str] = ()) -> bool:
    """Tell whether a text holds a known token, or what looks like one."""
    for token in known:
        if token == text or (len(token) >= SHORTEST and token in text):
            return True
    return looks_like_token(text)


def mask(text: str, *known: str | None) -> str:
    """Return the text without the known tokens, and without all that looks like a token.

    The kit's own words, such as `Authentication=...`, stay.
    """
    for token in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(token, MASK)
    pieces: list[str] = []
    done = 0
    for start, end in token_spans(text):
        pieces += (text[done:start], MASK)
        done = end
    return "".join((*pieces, text[done:]))


def is_token_name(name: str) -> bool:
    """Tell whether the name of a variable or tag says that its value is a token."""
    name = name[:LONGEST_NAME]
    if _pattern(_TOKEN_NAME).fullmatch(name):
        return True
    vendor = _pattern(_TRACING).search(name)
    return vendor is not None and bool(_pattern(_TOKEN_OR_AUTH).search(name, vendor.end()))


def names_token(name: str, value: str) -> bool:
    """Tell whether a name says that its value is a token, and the value may be one.

    A value of at most 5 characters (a switch), a path, an address and a number are none.
    """
    return is_token_name(name) and not _pattern(_NO_TOKEN).match(value)


def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable is likely a secret: by its name, or by a password in an address.

    An empty value, a switch, and a path in a variable such as PASSWORD_FILE are none.
    """
    if not value or _pattern(_SWITCH).match(value) or _is_path(name, value):
        return False
    named = _pattern(_SENSITIVE_NAME).search(name[:LONGEST_NAME])
    return bool(named or _pattern(_SENSITIVE_ADDRESS).search(value))


def strip(text: str) -> str:
    """Return a text without what is pasted along with a token.

    That is blanks, a byte order mark, `Authentication=` and the agent's tags flag. Of a whole
    command line, the value of the tags flag is left.
    """
    text = text.removeprefix("\ufeff").strip()
    flag = _flag().search(text)
    return _prefixes().sub("", flag["value"] if flag else text)


SHORTEST = 6
"""A shorter token is not looked for inside other texts: many words would hold it."""
LONGEST_NAME = 4096
"""Characters of a name that are looked at."""

_TOKEN_NAME = r"authentication|(?:auth_?)?token"  # noqa: S105 - a pattern
_TRACING = r"trac|jaeger|arms|aliyun|opentelemetry|otel"
_TOKEN_OR_AUTH = r"token|auth"  # noqa: S105 - a pattern
_NO_TOKEN = r"[\s\S]{0,5}\Z|/|https?:|\d+\Z"  # noqa: S105 - a pattern
_SWITCH = r"(?:true|false|yes|no|on|off|none|null)\Z"
_SENSITIVE_NAME = (
    r"passw|secret|token|credential|(?:^|_)auth(?:_|$)"
    r"|(?:private|api|access|fernet|encryption)_?key"
)
_SENSITIVE_ADDRESS = r"://[^/\s:@]*:[^/\s:@]+@"

_END = r"\s'\"`"
"""What no token holds, and what a token ends at."""
_NEXT_TAG = r"[\w.-]{1,128}[ \t]{0,8}[=:]"
_QUOTE = r"\\?['\"]"
_KEY = (
    rf"authentication(?:[ \t]{{0,8}}(?:=|%3d)|{_QUOTE}[ \t]{{0,8}}[=:])"
    rf"[ \t]{{0,8}}(?:{_QUOTE}|(?!{_QUOTE}))"
)
"""With blanks, and in quotes as in JSON, where a colon follows. A quote is never a token's."""
_WORD = r"[\w.$+~-]"
_AT = r"(?:[@\uff20\ufe6b]|%40)"
"""Its look-alikes, and how a URL writes it."""
_SHAPE = rf"name@hash_name@hash\.?(?!{_WORD}|{_AT})"
"""The kit's own word for the form of a token, perhaps at the end of a sentence."""


def _is_path(name: str, value: str) -> bool:
    """Tell whether a variable names a file or folder, as PASSWORD_FILE does."""
    return name.upper().endswith(("_FILE", "_PATH", "_DIR")) and value.startswith(
        ("/", "./", "../")
    )


def _value(end: str) -> str:
    """Return the pattern of a token that ends at a character of a set.

    `...`, the mask and a switch, as in `PasswordAuthentication=no`, are none. No token holds a
    comma, but a pasted one may: only a comma before another tag ends it.
    """
    comma = rf",(?=[^{end}])(?!{_NEXT_TAG})"
    none = rf"(?!(?:\.\.\.|\*\*\*|yes|no|true|false)(?:[{end},]|\Z))"
    return rf"{none}(?P<token>[^{end},](?:[^{end},]|{comma})*)"


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(rf"{_KEY}{_value(_END)}", re.IGNORECASE),
        re.compile(rf"adapt_{_value(_END + '/')}"),
        # from the start of a run of word characters, or each of them would be a start
        re.compile(
            rf"(?<!{_WORD})(?!{_SHAPE})(?:adapt_)?(?P<token>{_WORD}+(?:{_AT}{_WORD}+){{2,}})"
        ),
    )


def _matches(text: str) -> list[re.Match[str]]:
    return [match for form in _forms() for match in form.finditer(text)]


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


@cache
def _flag() -> re.Pattern[str]:
    return re.compile(
        r"(?:^|\s)--?(?:agent|jaeger)\.tags(?:=|\s+)"
        r"(?P<quote>['\"]?)(?P<value>.*?)(?P=quote)(?=\s|$)",
        re.DOTALL,
    )


@cache
def _prefixes() -> re.Pattern[str]:
    return re.compile(rf"\A(?:{PREFIX})+", re.IGNORECASE)
