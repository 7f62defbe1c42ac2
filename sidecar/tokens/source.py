"""Where a token is taken from: a file, standard input, a variable, or a hidden prompt."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.errors import SidecarError, UsageError
from sidecar.rules import recognition, tokens
from sidecar.secrecy import TOKEN_VARIABLE
from sidecar.tokens import check

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.findings import Finding


@dataclass(frozen=True)
class TokenSource:
    """The first of these that is given; none: the user is asked at the terminal."""

    file: Path | None = None
    stdin: bool = False
    variable: str | None = field(default=None, repr=False)
    """The value of $TRACING_TOKEN."""

    @property
    def name(self) -> str:
        """The file, as findings show it; else standard input."""
        return str(self.file or "standard input")

    def text(self) -> str:
        """Return the text that holds the token. Raises SidecarError, which never shows it."""
        if self.file:
            return _text_of(self.file)
        if self.stdin:
            return yamlio.decode(sys.stdin.buffer.read(yamlio.MAX_BYTES + 1), "standard input")
        return _asked() if self.variable is None else self.variable

    def token(self) -> tuple[str, list[Finding]]:
        """Return the token, with warnings about it and its file. Raises SidecarError as `clean`."""
        token = clean(self.text())
        about_file = check.source_findings(self.file) if self.file else []
        about_token = [problem.at(check.SUBJECT, "") for problem in tokens.warnings(token)]
        return token, [*about_file, *about_token]


def clean(text: str) -> str:
    """Return the token of a pasted text, without `Authentication=` or the agent's flag around it.

    Raises SidecarError, which never shows the text, for the first rule that the token breaks.
    """
    token = recognition.strip(text)
    for problem in tokens.broken_rules(token):
        raise SidecarError(check.SUBJECT, problem.cause, problem.fix, id=problem.rule.id)
    return token


def _asked() -> str:
    if not sys.stdin.isatty():
        fix = f"Give --file FILE, --stdin or ${TOKEN_VARIABLE}"
        raise UsageError("token", "has no source", fix)
    try:
        return getpass.getpass("Token (not shown): ")
    except EOFError:
        fix = "Type or paste it, or give --file FILE"
        raise SidecarError("token", "was not given", fix) from None
    except UnicodeDecodeError:  # its message holds what was typed
        fix = "Copy it again, or give --file FILE"
        raise SidecarError("token", "is not UTF-8 text", fix) from None


def _text_of(file: Path) -> str:
    """Return a file's text. Raises SidecarError without the path: it may be a token."""
    try:
        return yamlio.read_text(file)
    except SidecarError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            cause = "there is no such file (its name is not shown: it may be a token)"
            fix = "Give the name of a file that holds the token"
            raise SidecarError("--file", cause, fix) from None
        raise SidecarError("--file", error.cause, error.fix) from None
