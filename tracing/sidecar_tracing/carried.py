"""Whether the package works in an image into which its folder was mounted."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

NEEDS = {
    "jaeger-client": ((4, 8), (4, 9)),
    "opentracing": ((2, 4), (3,)),
    "six": ((1, 16), (2,)),
    "thrift": ((0, 16), (0, 26)),
    "threadloop": ((1, 0, 2), (2,)),
    "tornado": ((6, 4), (7,)),
}
"""The dependencies: the lowest version, and the first that is too high."""


def require_fit() -> None:
    """Raise RuntimeError if a dependency is missing, or the image has another version of it."""
    for name, (lowest, too_high) in NEEDS.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            raise RuntimeError(f"{name} is missing") from None
        numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:3])
        if not lowest <= numbers < too_high:
            low, high = (".".join(map(str, limit)) for limit in (lowest, too_high))
            raise RuntimeError(f"{name} is {found} here; {low} or later, below {high}, is needed")
