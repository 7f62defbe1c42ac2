"""Keeps tokens out of what is handed on: masks them, and looks for what a mask does not know."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from sidecar.rules.recognition import LOCAL_TOKEN, MASK, is_secret, looks_like_token, mask

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAGMENT = 12
"""A shorter piece of a token may be a word of any text."""
_SETTING = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]*)['\"]?[ \t]*[:=][ \t]*\\?['\"]?(?P<value>[^\s,'\"{}\[\]\\]+)"
)
_BETWEEN = re.compile(r"(?:\\[nrt]|[\s\\'\"])+")
"""What may stand between the pieces of a token that was wrapped or quoted."""


def masked(text: str, tokens: Iterable[str]) -> str:
    """Return a text without known tokens in any of their forms, and without what looks like one."""
    known = [form for token in tokens for form in _forms(token)]
    return mask(text, *known)


def masked_settings(text: str) -> str:
    """Return a text of settings without the values whose names say that they are secret."""
    return _SETTING.sub(_without_secret, text)


def finds_token(text: str, tokens: Iterable[str]) -> bool:
    """Tell whether a text still holds a token, or a piece of one, perhaps wrapped or quoted."""
    if looks_like_token(text):
        return True
    whole = text.lower()
    joined = _BETWEEN.sub("", whole)
    forms = [form.lower() for token in tokens for form in _forms(token)]
    return any(form in whole or form in joined for form in forms)


def _without_secret(found: re.Match[str]) -> str:
    name, value = found["name"].replace("-", "_"), found["value"].lstrip("-")
    if name.endswith("Name") or not is_secret(name, value):  # the name of a Secret is none
        return found[0]
    return found[0][: found.start("value") - found.start()] + MASK


def _forms(token: str) -> set[str]:
    """Return a token as it is, as programs encode it, and its pieces that are telling alone."""
    if token == LOCAL_TOKEN:  # public
        return set()
    pieces = {piece for piece in re.split(r"[@_]", token) if len(piece) >= _FRAGMENT}
    encoded = {token, quote(token), quote(token, safe=""), json.dumps(token)[1:-1]}
    encoded |= {token.encode().hex(), *_base64(token.encode())}
    return {form for form in encoded | pieces if form}


def _base64(token: bytes) -> set[str]:
    """Return what is the same in the base64 of every text that holds the token."""
    forms = set()
    for before in range(3):
        after = (3 - (before + len(token)) % 3) % 3
        text = base64.b64encode(b"\0" * before + token + b"\0" * after).decode()
        first, last = -(-before * 4 // 3), -(-after * 4 // 3)
        forms.add(text[first : len(text) - last])
    return {form for form in forms if len(form) >= _FRAGMENT}
