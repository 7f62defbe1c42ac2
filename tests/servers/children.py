"""Makes the calls in processes that `multiprocessing` starts by the named method."""

from __future__ import annotations

import multiprocessing
import sys


def job(count):
    """Make the calls of one child."""
    from service import work  # noqa: PLC0415 - in the child, except for fork

    for _ in range(count):
        work()


if __name__ == "__main__":
    import service  # noqa: F401 - a forked child inherits its tracer

    context = multiprocessing.get_context(sys.argv[1])
    children = [context.Process(target=job, args=(5,)) for _ in range(5)]
    for child in children:
        child.start()
    for child in children:
        child.join()
