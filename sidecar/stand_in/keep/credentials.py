"""The token: read from the agent's file, compared in constant time, masked in all output."""

from __future__ import annotations

import hmac
from enum import Enum
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError
from sidecar.rules.recognition import MASK, PREFIX

if TYPE_CHECKING:
    from pathlib import Path

TAG = PREFIX.removesuffix("=")
_FORM = 'Its content must be one YAML key: agent: {tags: "Authentication=<token>"}'


class Presented(Enum):
    """What kind of token a batch has."""

    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"


class Token:
    """A token that cannot be printed; `others` are valid, too, as during a rotation."""

    __slots__ = ("_all", "_longest_first", "_text")

    def __init__(self, text: str, *others: str) -> None:
        self._text = text
        self._all = (text, *others)
        # if one token contains another, masking the short one first would show the rest
        self._longest_first = sorted(self._all, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Token({MASK})"

    def check(self, process: Any) -> Presented:  # noqa: ANN401 - a protobuf Process
        """Return whether any Authentication tag of the process is this token."""
        found = Presented.MISSING
        for tag in process.tags:
            if tag.key == TAG and tag.v_str:
                found = self.judge(tag.v_str)
                if found is Presented.RIGHT:
                    break
        return found

    def judge(self, text: str | None) -> Presented:
        """Return whether a text is this token; none or an empty one is missing."""
        if not text:
            return Presented.MISSING
        given = text.encode(errors="surrogatepass")
        right = any(hmac.compare_digest(given, valid.encode()) for valid in self._all)
        return Presented.RIGHT if right else Presented.WRONG

    def is_in(self, data: bytes) -> bool:
        """Return whether the bytes contain this token."""
        return any(valid.encode() in data for valid in self._all)

    def add_to(self, process: Any) -> None:  # noqa: ANN401 - a protobuf Process
        """Append the tag to a process, as an agent does."""
        process.tags.add(key=TAG, v_str=self._text)

    def mask(self, text: str) -> str:
        """Return the text without the token."""
        for valid in self._longest_first:
            text = text.replace(valid, MASK)
        return text

    def mask_bytes(self, data: bytes) -> bytes:
        """Return the bytes without the token."""
        for valid in self._longest_first:
            data = data.replace(valid.encode(), MASK.encode())
        return data

    def mask_batch(self, batch: Any) -> None:  # noqa: ANN401 - a protobuf Batch
        """Take the token out of all texts of a batch."""
        batch.process.service_name = self.mask(batch.process.service_name)
        tags = [*batch.process.tags]
        for span in batch.spans:
            span.operation_name = self.mask(span.operation_name)
            tags += [*span.tags, *(field for log in span.logs for field in log.fields)]
        for tag in tags:
            tag.key, tag.v_str = self.mask(tag.key), self.mask(tag.v_str)
            tag.v_binary = self.mask_bytes(tag.v_binary)


def read_token(*paths: Path) -> Token:
    """Return the token of an agent's configuration file; those of more files are valid, too.

    Raises SidecarError, which never shows the content.
    """
    return Token(*(_read(path) for path in paths))


def _read(path: Path) -> str:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SidecarError(
            str(path), error.strerror or str(error), "Name the agent's token file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError):
        # `from None`: the parser's message quotes the file
        raise SidecarError(str(path), "is not YAML", _FORM) from None
    return _token_of(data, str(path))


def _token_of(data: object, file: str) -> str:
    match data:
        # up to 1.15, the agent's key is jaeger.tags
        case {"agent": {"tags": str(tags), **rest}, **others} | {
            "jaeger": {"tags": str(tags), **rest},
            **others,
        } if not rest and not others:
            key, _, value = tags.partition("=")
        case _:
            raise SidecarError(file, "is not the agent's token file", _FORM)
    token = value.strip()  # as the agent does
    if key.strip() != TAG or not token or "," in token or token.startswith("${"):
        raise SidecarError(file, "agent.tags is not one Authentication tag with its value", _FORM)
    return token
