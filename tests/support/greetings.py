"""Requests for greetings from inside a cluster, and whether their traces arrive completely."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes_cluster import Namespace

REQUESTS = """
import json, pathlib, sys, time, urllib.request
frontend, gateway, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
told = pathlib.Path("/tmp/enough")
def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
answered, failures = [], []
while not told.exists() if count == 0 else len(answered) < count:
    try:
        answered.append(get(f"{frontend}/greet?name=n{len(answered)}")["trace_id"])
    except OSError as error:
        failures.append(f"request {len(answered)}: {type(error).__name__}: {error}")
    print(len(answered), flush=True)
    time.sleep(0.03)
deadline = time.monotonic() + (int(sys.argv[4]) if len(sys.argv) > 4 else 60)
def spans(trace_id):
    try:
        return len(get(f"{gateway}/api/traces/{trace_id}")["data"][0]["spans"])
    except OSError:
        return 0
missing = answered[0 if count else int(told.read_text()):]
while missing and time.monotonic() < deadline:
    missing = [trace_id for trace_id in missing if spans(trace_id) < 5]
whole = sum(spans(trace_id) == 5 for trace_id in answered)
report = {"answered": len(answered), "failed": len(failures), "missing": len(missing)}
print(json.dumps({**report, "whole": whole, "failures": failures}))
"""
"""Program: FRONTEND GATEWAY COUNT [SECONDS]; prints how many were answered, then a JSON report.

COUNT 0: until `enough` is said. SECONDS limits the wait for complete traces. `whole` counts those
that have each span once."""


def enough(space: Namespace, client: str, since: int) -> None:
    """Let requests without a COUNT end; only the traces from that number on are waited for."""
    write = f"import pathlib; pathlib.Path('/tmp/said').write_text('{since}')"
    at_once = "pathlib.Path('/tmp/said').rename('/tmp/enough')"
    space.kubectl("exec", client, "--", "python", "-c", f"{write}; {at_once}")


def answered(space: Namespace, client: str) -> int:
    """Return how many requests a pod that runs REQUESTS has had answered."""
    phase = space.phase(client)
    assert phase != "Failed", space.kubectl("logs", client)
    if phase != "Running":
        return 0
    lines = space.kubectl("logs", client, "--tail", "1").splitlines()
    return int(lines[-1]) if lines and lines[-1].isdigit() else 0
