"""Types of paths and volumes."""

from __future__ import annotations

import re

from sidecar.spec.field_types.mistakes import EXPANDED, HOME, PRINTED
from sidecar.spec.scalars import Mistake, PatternText
from sidecar.spec.service_records import Volume

_PATH = rf"(?!~)(?!.*\$\{{?\w){PRINTED}+"
"""None of the mistakes below: an editor knows the pattern only."""
FILE_PATH = PatternText(
    _PATH,
    "a path",
    "Give one without line breaks, such as ./web.env",
    (HOME, EXPANDED),
)
CONTEXT = PatternText(
    _PATH,
    "a folder",
    "Give one without line breaks, such as ./web",
    (HOME, EXPANDED),
)

_SOURCE = rf"\.{{0,2}}/{PRINTED}*|\.{{1,2}}|[A-Za-z0-9][A-Za-z0-9_.-]*"
_SOURCE_FIX = "Begin a path with ./ or /"
_SOURCE_MISTAKES = (
    HOME,
    EXPANDED,
    Mistake(
        r"^[A-Za-z0-9_-][^:]*/",
        "is neither a volume name nor a path that begins with ./ or /",
        _SOURCE_FIX,
    ),
)
VOLUME_SOURCE = PatternText(_SOURCE, "a path or a volume name", _SOURCE_FIX, _SOURCE_MISTAKES)
VOLUME_TARGET = PatternText(
    rf"/{PRINTED}+", "a path in the container", "Give an absolute one, such as /var/lib/web"
)


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not re.fullmatch(_SOURCE, source):
        raise ValueError("has a source that is neither a path nor a volume name")
    return Volume(source, target, mode == "ro")


VOLUME = PatternText(
    r"[^:\x00-\x1f\x7f]+:/[^:\x00-\x1f\x7f]+(:(ro|rw))?",
    "SOURCE:TARGET or SOURCE:TARGET:ro",
    "Give one such as ./web.conf:/etc/web.conf:ro, or a map with source and target",
    _SOURCE_MISTAKES,
    convert=_volume,
)
