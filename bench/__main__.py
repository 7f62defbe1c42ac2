"""Measure the kit and the stock way side by side: interleaved runs, medians, ratios."""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from bench import machine, report
from bench.cases import CASES
from bench.children import ChildError, end_all
from bench.measure import Options, Skipped
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the cases; 1 if one failed, 130 if interrupted. A skipped case is not a failure."""
    args = _parser().parse_args(argv)
    if args.list:
        print("\n".join(f"{name:<10}{summary}" for name, summary in CASES.items()))
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(args)
    except KeyboardInterrupt:
        _say("interrupted; all started processes are stopped")
        return 130


def _run(args: argparse.Namespace) -> int:
    described = machine.describe()
    _say(", ".join(f"{name} {value}" for name, value in described.items()))
    outcomes = [
        _case(name, Options(_say, args.runs, args.quick), args.output)
        for name in args.cases or CASES
    ]
    if args.output == "json":
        print(json.dumps({"machine": described, "quick": args.quick, "cases": outcomes}, indent=2))
    return 1 if any(outcome["failed"] for outcome in outcomes) else 0


def _case(name: str, options: Options, output: str) -> dict[str, Any]:
    _say(f"{name}: {CASES[name]}; load {machine.load_average()}")
    load = machine.load_average()
    outcome: dict[str, Any] = {"case": name, "load_before": load, "skipped": None, "failed": None}
    try:
        measured = importlib.import_module(f"bench.cases.{name}").run(options)
    except Skipped as reason:
        outcome["skipped"] = str(reason)
        _say(f"{name}: skipped: {reason}")
    except (ChildError, SidecarError, OSError) as error:
        outcome["failed"] = str(error)
        _say(f"{name}: failed: {error}")
    else:
        outcome |= {"load_after": machine.load_average(), **report.as_dict(measured)}
        if output == "text":
            print(f"{report.as_markdown(measured)}\n", flush=True)
    return outcome


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "cases", nargs="*", type=_case_name, metavar="CASE", help="which (default: all; see --list)"
    )
    parser.add_argument(
        "--runs", type=_count, metavar="N", help="runs of each way (default: the case's own number)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one run with a tenth of the load, to check that it works",
    )
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="Markdown tables, or every run"
    )
    parser.add_argument("--list", action="store_true", help="list the cases")
    return parser


def _case_name(text: str) -> str:
    if text not in CASES:
        raise argparse.ArgumentTypeError(f"unknown case {text!r}; the cases are {', '.join(CASES)}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs, 1-1000")
    return int(text)


if __name__ == "__main__":
    code = main()
    end_all()
    sys.exit(code)
