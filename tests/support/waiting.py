"""Waiting for what another thread or process does."""

from __future__ import annotations

import time


def wait_until(condition, seconds=10):
    """Return as soon as the condition holds; the test fails if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.02)
