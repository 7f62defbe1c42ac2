"""From the start of the sample's processes to the first proven trace, without containers."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

from bench.cases.compose import first_trace
from bench.measure import Figure, Measured, Options, Sample, interleave
from sidecar.demo import processes
from sidecar.demo.deployment import ProcessDeployment
from sidecar.verify.run import verify

RUNS = 5
FIGURES = (
    Figure("seconds", "s to the first proven trace", 2, spread=True),
    Figure("start_s", "of these, until all answer", 2),
    Figure("verify_s", "verify then, s", 2),
    Figure("hops_failed", "hops that verify found failing"),
)
WAY = "two services under gunicorn and the stand-in, request, trace at the stand-in"


def run(options: Options) -> Measured:
    """Measure what `sidecar demo --target process` does, without the interpreter's own start."""
    samples = interleave((WAY,), options.rounds(RUNS), lambda _: _started(options), options.say)
    return Measured("Processes: seconds to the first proven trace", FIGURES, samples)


def _started(options: Options) -> Sample:
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name) / "demo"
        stack.callback(processes.stop, folder)
        began = time.perf_counter()
        demo = processes.start(folder, options.say)
        start = time.perf_counter() - began
        first_trace(demo.services["frontend"], demo.page)
        seconds = time.perf_counter() - began
        report = verify(ProcessDeployment(folder))
        proven = time.perf_counter() - began - seconds
    failed = sum(not hop.ok for hop in report.hops)
    return {"seconds": seconds, "start_s": start, "verify_s": proven, "hops_failed": failed}
