"""A program that counts the traces at a stand-in, for a container or pod that reaches it."""

from __future__ import annotations

EXPECTED = 50
_PROGRAM = """
import json, time, urllib.request
url = "{page}/api/traces?limit=1000&service={service}"
deadline = time.monotonic() + {seconds}
found = []
def is_meant(span):
    return {operation!r} in ("", span["operationName"])
while len(found) < {expected} and time.monotonic() < deadline:
    with urllib.request.urlopen(url, timeout=10) as answer:
        traces = json.load(answer)["data"]
    found = [each for each in traces if any(map(is_meant, each["spans"]))]
    time.sleep(0.3)
print(len(found))
"""


def counting(page, service, seconds, operation=""):
    """Return the program: it waits so long for 50 traces of a service, and prints how many came.

    With an operation, only traces that have it count: another test's service may have the name.
    """
    return _PROGRAM.format(
        page=page, service=service, seconds=seconds, operation=operation, expected=EXPECTED
    )
