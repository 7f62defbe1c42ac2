"""Injects faults into a running deployment, and writes docs/faults.md: what verify says of each.

`make faults` runs it: `python -m faults [NAME …] [--target compose|kubernetes]`. A run of some
faults replaces their rows; the others stay as earlier runs left them in build/faults.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faults import table
from faults.catalogue import FAULTS
from faults.compose_bed import running_bed
from faults.kubernetes_bed import running_release
from faults.runner import HEALTHY, Runner, watching

from sidecar.checkout import find_checkout
from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.image_names import official
from sidecar.rules.kinds import AGENT, COLLECTOR
from sidecar.secrecy import child_environment

SPANS_PER_REQUEST, REPLICAS = 10, 3
RESULTS = Path("build/faults")
PAGE = Path("docs/faults.md")


def say(text):
    print(f"faults: {text}", file=sys.stderr, flush=True)


def main():
    args = _parser().parse_args()
    targets = [args.target] if args.target else FAULTS
    failed = [run_target(target, args) for target in targets]
    return 1 if any(failed) else 0


def _parser():
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--target", choices=FAULTS, help="default: all")
    parser.add_argument(
        "--spans-per-second", type=float, default=300, metavar="N", help="default: 300"
    )
    parser.add_argument("--healthy", type=int, default=20, metavar="N", help="default: 20")
    parser.add_argument("--list", action="store_true", help="list the faults")
    return parser


def run_target(target, args):
    """Run faults on one target, keep what they showed; return whether one was not as it should."""
    chosen = [
        fault for name, fault in FAULTS[target].items() if name in (args.names or FAULTS[target])
    ]
    if args.list:
        print("\n".join(f"{target:<12}{fault.name:<28}{fault.what}" for fault in chosen))
        return False
    rate = args.spans_per_second
    say(f"{target}: {len(chosen)} faults, after {args.healthy} healthy runs; {table.machine()}")
    with BEDS[target](rate / SPANS_PER_REQUEST / REPLICAS) as bed, watching(bed) as watcher:
        runner = Runner(bed, watcher)
        runner.warm_up()
        healthy, outcomes = [], []
        path = RESULTS / f"{target}.json"
        for fault in [HEALTHY] * args.healthy + chosen:
            (healthy if fault is HEALTHY else outcomes).append(_shown(runner.run(fault)))
            table.save(path, target, outcomes, healthy, rate)
    write_page()
    return any(not (each.named and each.accounted) for each in (*healthy, *outcomes))


def write_page():
    """Write the page of the latest runs."""
    found = [RESULTS / f"{target}.json" for target in FAULTS]
    runs = [json.loads(path.read_text()) for path in found if path.exists()]
    PAGE.write_text(table.page(runs, PAGE.read_text() if PAGE.exists() else ""))
    say(f"wrote {PAGE}")


def _shown(outcome):
    mark = "ok   " if outcome.named and outcome.accounted else "WRONG"
    said = ", ".join(outcome.ids) or "proven"
    spans = outcome.spans
    say(
        f"{mark} {outcome.name}: {said}; {outcome.seconds} s; {spans.sent} sent, {spans.lost} lost,"
        f" {spans.unaccounted} unaccounted; back {outcome.recovery}"
    )
    if mark == "WRONG" or outcome.notes:
        say(f"      right: {outcome.right}; said: {outcome.text}; {outcome.notes}")
    return outcome


@contextmanager
def _compose(rate, kind=AGENT):
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        images = folder / "images"
        images.mkdir()
        _find_images(images, kind)
        with running_bed(folder, connect(), find_compose(), images, rate, kind=kind) as bed:
            yield bed


@contextmanager
def _kubernetes(rate):
    names = {
        "sample": os.environ.get("SIDECAR_SAMPLE_IMAGE", official().sample.name),
        "gateway": os.environ.get("SIDECAR_GATEWAY_IMAGE", official().gateway.name),
    }
    with running_release(names, rate) as bed:
        yield bed


BEDS = {
    "compose": _compose,
    "collector": partial(_compose, kind=COLLECTOR),
    "kubernetes": _kubernetes,
}


def _find_images(folder, kind):
    """Obtain the images, or take those that SIDECAR_…_IMAGE name; their names go into .env."""
    given = {name: value for name, value in os.environ.items() if name.endswith("_IMAGE")}
    if "SIDECAR_GATEWAY_IMAGE" not in given:
        command = [sys.executable, "-m", "sidecar", "images", "--out", folder]
        command += ["--agent-kind", kind.name] if kind is COLLECTOR else []
        subprocess.run(command, check=True, cwd=find_checkout(), env=child_environment())
    with (folder / ".env").open("a") as file:
        file.writelines(
            f"{name}={value}\n" for name, value in given.items() if name.startswith("SIDECAR_")
        )


if __name__ == "__main__":
    sys.exit(main())
