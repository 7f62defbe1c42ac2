"""The health check of the watch: `python -m sidecar.watch.health [FILE]`.

It runs every few seconds on a machine that may be busy, so it imports next to nothing.
"""

from __future__ import annotations

import json
import sys
import time

STATE = "/tmp/watch.json"  # noqa: S108 - a tmpfs of its own container
_LATE = 3
"""So many intervals without a reading: then the watch itself does not work."""
_ANSWER_SECONDS = 15.0


def main(state: str = STATE) -> int:
    """Print what is wrong, and return 1; 0 where nothing is."""
    try:
        with open(state, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes time
            content = json.load(file)
    except (OSError, ValueError):
        print("the watch has not read any agent yet")
        return 1
    if time.time() - content["time"] > _LATE * content["every"] + _ANSWER_SECONDS:
        print("the watch does not read the agents any more")
        return 1
    print(content["text"] or "within the budget")
    return 1 if content["text"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
