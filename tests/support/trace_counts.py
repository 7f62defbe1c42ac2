"""A program that counts the traces at a stand-in, for a container or pod that reaches it."""

from __future__ import annotations

EXPECTED = 50
_PROGRAM = """
import json, time, urllib.request
url = "{page}/api/traces?limit=1000&service={service}"
deadline = time.monotonic() + {seconds}
found = []
while len(found) < {expected} and time.monotonic() < deadline:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found = json.load(answer)["data"]
    time.sleep(0.3)
print(len(found))
"""


def counting(page, service, seconds):
    """Return the program: it waits so long for 50 traces of a service, and prints how many came."""
    return _PROGRAM.format(page=page, service=service, seconds=seconds, expected=EXPECTED)
