"""Where `sidecar token` takes a token from, and how it says what is odd about it."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from sidecar.findings import Finding


def new(args: argparse.Namespace) -> str:
    """Return the token from its source, with what is odd about it said on standard error."""
    from sidecar.tokens import check, content

    token = content.clean(read(args, args.environment_token))
    for line in lines(
        [*(check.source_findings(args.file) if args.file else []), *content.hints(token)]
    ):
        say(line)
    return token


def lines(findings: Iterable[Finding]) -> list[str]:
    from sidecar.console import colour

    return [f"{colour(one.severity.value, one.severity.value)}: {one}" for one in findings]


def say(text: str) -> None:
    print(f"sidecar: {text}", file=sys.stderr, flush=True)


def read(args: argparse.Namespace, variable: str | None) -> str:
    from sidecar import yamlio
    from sidecar.secrecy import TOKEN_VARIABLE

    if args.file:
        return text_of(args.file)
    if args.stdin:
        return yamlio.decode(sys.stdin.buffer.read(yamlio.MAX_BYTES + 1), "standard input")
    if variable is not None:
        return variable
    if not sys.stdin.isatty():
        raise UsageError(
            "token", "has no source", f"Give --file FILE, --stdin or ${TOKEN_VARIABLE}"
        )
    try:
        return getpass.getpass("Token (not shown): ")
    except EOFError:
        raise SidecarError(
            "token", "was not given", "Type or paste it, or give --file FILE"
        ) from None
    except UnicodeDecodeError:  # its words hold what was typed
        raise SidecarError(
            "token", "is not UTF-8 text", "Copy it again, or give --file FILE"
        ) from None


def text_of(file: Path) -> str:
    """Return a source's text. Raises SidecarError without the path, which may be a token given in the wrong place."""
    from sidecar import yamlio

    try:
        return yamlio.read_text(file)
    except SidecarError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            cause = "there is no such file (its name is not shown: it may be a token)"
            raise SidecarError(
                "--file", cause, "Give the name of a file that holds the token"
            ) from None
        raise SidecarError("--file", error.cause, error.fix) from None
