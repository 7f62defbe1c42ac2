"""Asks an address on this host or in this pod: directly, without the environment's proxy."""

from __future__ import annotations

import urllib.request

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, seconds: float = 5.0) -> str:
    """Return the text at an http URL.

    Raises OSError where it does not answer; for 4xx and 5xx its subclass HTTPError.
    """
    with _DIRECT.open(url, timeout=seconds) as answer:
        text: str = answer.read().decode()
    return text


def answers(url: str, seconds: float = 5.0) -> bool:
    """Tell whether an http URL answers."""
    try:
        fetch(url, seconds)
    except OSError:
        return False
    return True
