"""The command line: picks a command, runs it inside the one error boundary."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sidecar import __version__
from sidecar.errors import SidecarError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
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
"""Command → summary. A command is the module sidecar.commands.NAME, imported only when it is the one asked for."""


EPILOG = """examples:
  sidecar regions shanghai
  sidecar render --region cn-shanghai --network vpc
  sidecar token set --file token.txt --out build/cn-shanghai
  sidecar verify --target compose --out build/cn-shanghai

exit codes: 0 fine, 1 findings or bad input, 2 usage, 3 a defect of the kit, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(self.prog, message, f"See `{self.prog} --help`")


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; with `chosen`, only that command's arguments are loaded, which keeps start-up short."""
    parser = _Parser(
        prog="sidecar",
        description="Render, start and prove a jaeger-agent sidecar beside a Python service.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sidecar {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if chosen in (None, name):
            module = importlib.import_module(f"sidecar.commands.{name}")
            command.description = module.__doc__
            command.epilog = module.EXAMPLES
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing but SystemExit for --help leaves here."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        os.environ.setdefault("COLUMNS", _columns())
        chosen = next((word for word in arguments if not word.startswith("-")), "")
        parsed = build_parser(chosen).parse_args(arguments)
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except SidecarError as error:
        print(f"sidecar: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sidecar: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - the boundary: a defect is reported, never thrown at the user
        return _defect()
    return code


def _columns() -> str:
    import shutil

    return str(min(shutil.get_terminal_size().columns, 120))


def _defect() -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="sidecar-defect-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"sidecar {__version__}, Python {sys.version}\n\n{traceback.format_exc()}")
    kind = sys.exc_info()[0]
    print(
        f"sidecar: a defect of the kit ({kind.__name__ if kind else 'unknown'}). "
        f"The traceback is in {Path(log.name)}; please report it.",
        file=sys.stderr,
    )
    return 3
