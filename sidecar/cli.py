"""The command line: chooses a command and runs it inside the one error boundary."""

from __future__ import annotations

import argparse
import importlib
import io
import itertools
import re
import sys

from sidecar import __version__, secrecy, signals, streams
from sidecar.arguments._help import Formatter
from sidecar.errors import SidecarError, UsageError
from sidecar.rules.recognition import mask

# importing typing, or shutil for its get_terminal_size, would take a third of the time of --help
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

COMMANDS = {
    "init": "write a sidecar.yaml, from answers or from a Compose file",
    "inject": "add agents to your Compose file or manifests",
    "uninject": "remove from manifests the agents that inject added",
    "schema": "print the JSON Schema of sidecar.yaml",
    "regions": "list the regions and their gateways",
    "plan": "show everything decided for a region",
    "render": "write the deployment of a region into a folder",
    "validate": "report what render would refuse, and likely problems",
    "token": "put a region's token where the agent reads it",
    "images": "pull the images, or build them if no registry answers",
    "verify": "prove, hop by hop, that spans arrive",
    "rehearse": "rehearse outages, and count every span",
    "gateway": "run the stand-in for a region's gateway",
    "demo": "set up, start and prove the sample; --down removes it",
    "completion": "print a shell's completion script",
}
"""Command → summary.

sidecar.arguments.NAME holds the help and the arguments of a command. It is imported if the command
is the chosen one, and imports nothing heavy. sidecar.commands.NAME is imported to run the command.
"""

EPILOG = """examples:
  sidecar regions shanghai
  sidecar render --region cn-shanghai --network vpc
  sidecar token set --file token.txt --out build/cn-shanghai
  sidecar verify --target compose --out build/cn-shanghai

exit codes: 0 success, 1 findings or bad input, 2 wrong usage, 3 a defect in the kit,
130 interrupted, 143 SIGTERM, 129 SIGHUP; unfinished changes are rolled back first
"""

_VERBOSE = "log to standard error the programs that are run and the requests to the engine"


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        # an abbreviation that works today is ambiguous after the next new flag
        super().__init__(**{"formatter_class": Formatter, "allow_abbrev": False, **options})

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ANN401 - as theirs
        # argparse's own hides that a help text could not be written
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        # the wrong choice is not shown: it may be a token that was meant for another argument
        shown = r"invalid choice: .*(?= \(choose from )"
        cause = re.sub(shown, "invalid choice", message, flags=re.DOTALL)
        from sidecar.arguments import _near

        fix = f"{_near.choice(message)}See `{self.prog} --help`"
        raise UsageError(_subject(self.prog), cause, fix)


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands, or, for a fast start, of the chosen one.

    An empty `chosen` gives all commands without their arguments, for the help of `sidecar` itself.
    """
    parser = _Parser(
        prog="sidecar",
        description="Render, start and prove a jaeger-agent sidecar for a Python service.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"sidecar {__version__}")
    parser.add_argument("--verbose", action="store_true", help=_VERBOSE)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    for name in [chosen] if chosen else COMMANDS:
        command = commands.add_parser(name, help=COMMANDS[name])
        if chosen != "":
            _configure(command, name)
    return parser


def _configure(command: argparse.ArgumentParser, name: str) -> None:
    arguments = importlib.import_module(f"sidecar.arguments.{name}")
    command.description = arguments.__doc__
    command.epilog = arguments.EXAMPLES
    for leaf in (command, *(arguments.configure(command) or ())):
        leaf.add_argument(
            "--verbose", action="store_true", default=argparse.SUPPRESS, help=_VERBOSE
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; it raises nothing."""
    # first of all: no program that a command starts may inherit it
    token = secrecy.take_from_environment()
    streams.replace_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a character that the locale lacks is not a reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = _wants_json(arguments)
    try:
        with signals.as_exceptions():
            try:
                code = _run(arguments, token)
            except SidecarError as error:
                code = _failed(error, token, as_json=as_json)
            sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt, as_json=as_json and "--watch" not in arguments)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect is reported, not raised
        from sidecar import defects

        return defects.unexpected(error, token, as_json=as_json)
    return code


def _run(arguments: list[str], token: str | None) -> int:
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    chosen = _chosen(arguments)
    if chosen == "token":
        arguments = _action_first(arguments)
    parser = build_parser(chosen)
    try:
        parsed, unknown = parser.parse_known_args(arguments)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if unknown:
        raise _unknown(unknown, parsed, parser)
    parsed.environment_token = token
    if parsed.verbose:
        from sidecar import verbose

        verbose.start(token)
    command = importlib.import_module(f"sidecar.commands.{parsed.command}")
    return int(command.run(parsed))


def _unknown(
    words: list[str], parsed: argparse.Namespace, parser: argparse.ArgumentParser
) -> UsageError:
    from sidecar.arguments import _near

    # only the names of flags: the rest may be a token that was meant for another argument
    names = [word.partition("=")[0] for word in words if word.startswith("-")]
    cause = f"has no option {', '.join(names)}" if names else "has too many arguments"
    subject = f"{parsed.command} {getattr(parsed, 'action', '')}".strip()
    fix = f"{_near.option(names, parser)}See `sidecar {subject} --help`"
    return UsageError(subject, cause, fix)


def _failed(error: SidecarError, token: str | None, *, as_json: bool) -> int:
    """Print a known error, as data, too, where the result would have been data."""
    if as_json:
        from sidecar import defects

        defects.print_data(error, token)
    streams.tell(mask(str(error), token))
    return error.exit_code


def _wants_json(arguments: Sequence[str]) -> bool:
    return ("--output", "json") in itertools.pairwise(arguments) or "--output=json" in arguments


def _chosen(arguments: list[str]) -> str:
    """Return the named command; empty for the help of `sidecar` itself, or for an error."""
    for word in arguments:
        if not word.startswith("-"):
            return word if word in COMMANDS else ""
        if word in ("-h", "--help"):
            break
    return ""


def _action_first(arguments: list[str]) -> list[str]:
    from sidecar.arguments import token

    after = arguments.index("token") + 1
    return [*arguments[:after], *token.action_first(arguments[after:])]


def _interrupted(interrupt: KeyboardInterrupt, *, as_json: bool) -> int:
    """Report an interrupt, as data, too, where it took the place of a result."""
    code: int = getattr(interrupt, "exit_code", 130)
    cause = "interrupted" if code == 130 else f"ended by {interrupt}"
    if as_json:
        from sidecar import defects

        defects.print_data(SidecarError("sidecar", cause))
    streams.tell(cause)
    return code


def _subject(prog: str) -> str:
    return prog.removeprefix("sidecar").strip() or "usage"
