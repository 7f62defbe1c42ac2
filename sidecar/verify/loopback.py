"""Fetches from an address nearby: a proxy that the machine's environment names is for the world outside."""

from __future__ import annotations

import urllib.request

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, seconds: float = 5.0) -> str:
    """Return the text at an http URL. Raises OSError where it does not answer, HTTPError (one of them) on 4xx, 5xx."""
    with _DIRECT.open(url, timeout=seconds) as answer:
        text: str = answer.read().decode()
    return text
