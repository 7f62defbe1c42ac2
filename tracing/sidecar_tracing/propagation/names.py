"""The names of the formats, as the configuration and JAEGER_PROPAGATION write them."""

from __future__ import annotations

from sidecar_tracing.environment import warn

NAMES = ("jaeger", "w3c", "b3", "b3-single")
DEFAULT = ("jaeger",)


def parse(value: object, source: str) -> tuple[str, ...]:
    """Return the formats that a text (`w3c,jaeger`) or a list names, each once.

    A name that does not exist causes one warning; without any that does, the result is empty.
    """
    pieces = value.split(",") if isinstance(value, str) else list(_listed(value))
    asked = [str(piece).strip().lower().replace("_", "-") for piece in pieces]
    unknown = [name for name in asked if name and name not in NAMES]
    if unknown:
        known = ", ".join(NAMES)
        warn("%s: %.100r is not one of %s; ignoring it", source, unknown[0], known)
    return tuple(dict.fromkeys(name for name in asked if name in NAMES))


def _listed(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()
