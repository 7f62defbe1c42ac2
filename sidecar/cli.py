"""The command line: picks a command, runs it inside the one error boundary."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import re
import sys

from sidecar import __version__, secrecy, signals
from sidecar.errors import SidecarError, UsageError
from sidecar.rules.recognition import mask

TYPE_CHECKING = False  # importing typing, and shutil for its get_terminal_size, would take a third of --help's time
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

COMMANDS = {
    "init": "write a sidecar.yaml: from answers, or from a Compose file",
    "schema": "print the JSON Schema of sidecar.yaml",
    "regions": "list the regions and their gateways",
    "plan": "show everything decided for a region",
    "render": "write the deployment of a region into a folder",
    "validate": "check what render would refuse",
    "token": "put a region's token where the agent reads it",
    "images": "pull the images, or build them where no registry answers",
    "verify": "prove, hop by hop, that spans arrive",
    "gateway": "run the stand-in for a region's gateway",
    "demo": "set up, start and prove the sample; --down removes it",
    "completion": "print a shell's completion script",
}
"""Command → summary.

sidecar.arguments.NAME holds a command's help and arguments, and imports nothing heavy; it is imported
when the command is the one asked for. sidecar.commands.NAME does the work, and is imported to run it.
"""

EPILOG = """examples:
  sidecar regions shanghai
  sidecar render --region cn-shanghai --network vpc
  sidecar token set --file token.txt --out build/cn-shanghai
  sidecar verify --target compose --out build/cn-shanghai

exit codes: 0 fine, 1 findings or bad input, 2 usage, 3 a defect of the kit, 130 interrupted
(143 and 129: by SIGTERM, SIGHUP); what is half done is put back first
"""


_VERBOSE = "tell on standard error which programs are run and what the engine is asked"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(_columns(), 120) - 2)
        self._action_max_length = (
            16  # argparse forgets a command's own indent and would break after `completion`
        )


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        # an abbreviation that works today is ambiguous after the next new flag
        super().__init__(**{"formatter_class": _Formatter, "allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        # what stood in a choice's place is not shown: it may be a token that was meant for another place
        said = re.sub(
            r"invalid choice: .*(?= \(choose from )", "invalid choice", message, flags=re.DOTALL
        )
        raise UsageError(_subject(self.prog), said, f"See `{self.prog} --help`")


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; with `chosen`, only that command's arguments, which keeps start-up short."""
    parser = _Parser(
        prog="sidecar",
        description="Render, start and prove a jaeger-agent sidecar beside a Python service.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"sidecar {__version__}")
    parser.add_argument("--verbose", action="store_true", help=_VERBOSE)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if chosen in (None, name):
            arguments = importlib.import_module(f"sidecar.arguments.{name}")
            command.description = arguments.__doc__
            command.epilog = arguments.EXAMPLES
            actions = arguments.configure(command) or ()
            for leaf in (command, *actions):
                leaf.add_argument(
                    "--verbose", action="store_true", default=argparse.SUPPRESS, help=_VERBOSE
                )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; no exception leaves here."""
    # taken out first: no program that a command starts may inherit it
    token = secrecy.take_from_environment()
    _replace_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a locale that lacks a character is no reason to fail
    try:
        with signals.as_exceptions():
            code = _run(list(sys.argv[1:] if argv is None else argv), token)
            sys.stdout.flush()
    except SidecarError as error:
        print(f"sidecar: {mask(str(error), token)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect is reported, never thrown at the user
        from sidecar import defects  # here: what it needs would slow every start

        return defects.unexpected(error, token)
    return code


def _run(arguments: list[str], token: str | None) -> int:
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    try:
        parsed, unknown = build_parser(chosen).parse_known_args(arguments)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if unknown:
        # a flag's name only: what follows may be a token that was meant for another place
        names = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        cause = f"does not know {', '.join(names)}" if names else "has an argument too many"
        subject = f"{parsed.command} {getattr(parsed, 'action', '')}".strip()
        raise UsageError(subject, cause, f"See `sidecar {subject} --help`")
    parsed.environment_token = token
    if parsed.verbose:
        from sidecar import verbose

        verbose.tell(token)
    command = importlib.import_module(f"sidecar.commands.{parsed.command}")
    return int(command.run(parsed))


def _replace_closed_streams() -> None:
    """Put the null device where a standard stream was closed: a file opened there would get what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _interrupted(interrupt: KeyboardInterrupt) -> int:
    code = getattr(interrupt, "exit_code", 130)
    with contextlib.suppress(OSError):  # a terminal that hung up
        print(
            "sidecar: interrupted" if code == 130 else f"sidecar: ended by {interrupt}",
            file=sys.stderr,
        )
    return code


def _columns() -> int:
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80


def _subject(prog: str) -> str:
    return prog.removeprefix("sidecar").strip() or "usage"
