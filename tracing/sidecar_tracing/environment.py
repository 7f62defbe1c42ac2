"""Settings from the environment: an invalid value causes a warning, and the default is used."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

logger = logging.getLogger("sidecar_tracing")

SAMPLER_TYPES = ("const", "probabilistic", "ratelimiting", "rate_limiting", "remote")
AGENT_PORT = 6831
SAMPLING_PORT = 5778
MAX_PORT = 65535
UNUSED = ("JAEGER_ENDPOINT", "JAEGER_USER", "JAEGER_PASSWORD", "JAEGER_AUTH_TOKEN")
"""Variables of other Jaeger clients that send spans to a collector by HTTP."""


@dataclass(frozen=True)
class SamplerSettings:
    """A sampler as jaeger-client's configuration names it."""

    type: str = "const"
    param: float = 1.0


def service_name() -> str | None:
    """Return JAEGER_SERVICE_NAME, or None if it is unset or blank."""
    return os.environ.get("JAEGER_SERVICE_NAME", "").strip() or None


def agent_host() -> str:
    """Return JAEGER_AGENT_HOST, or localhost if it is unset or blank."""
    return os.environ.get("JAEGER_AGENT_HOST", "").strip() or "localhost"


def agent_port() -> int:
    """Return JAEGER_AGENT_PORT, or 6831 if it is unset or not a port."""
    text = os.environ.get("JAEGER_AGENT_PORT", "").strip()
    if not text:
        return AGENT_PORT
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_PORT:
        return int(text)
    _warn("JAEGER_AGENT_PORT", text, "a port, 1-65535", str(AGENT_PORT))
    return AGENT_PORT


def sampler() -> SamplerSettings:
    """Return the sampler of JAEGER_SAMPLER_TYPE and _PARAM; by default everything is sampled."""
    kind = os.environ.get("JAEGER_SAMPLER_TYPE", "").strip().lower()
    if kind and kind not in SAMPLER_TYPES:
        _warn("JAEGER_SAMPLER_TYPE", kind, f"one of {', '.join(SAMPLER_TYPES)}", "const 1")
        return SamplerSettings()
    param = sampler_param(kind or "const")
    return SamplerSettings() if param is None else SamplerSettings(kind or "const", param)


def sampler_param(kind: str) -> float | None:
    """Return JAEGER_SAMPLER_PARAM for a type of sampler; 1 if unset, None if invalid."""
    text = os.environ.get("JAEGER_SAMPLER_PARAM", "").strip().lower()
    if not text:
        return 1.0
    value = {"true": 1.0, "false": 0.0}.get(text)
    if value is None:
        value = _number(text)
    highest = math.inf if kind in ("ratelimiting", "rate_limiting") else 1.0
    if value is not None and 0.0 <= value <= highest and (kind != "const" or value in (0.0, 1.0)):
        return value
    _warn("JAEGER_SAMPLER_PARAM", text, f"a valid number for the sampler {kind}", "const 1")
    return None


def exit_timeout() -> float | None:
    """Return JAEGER_EXIT_TIMEOUT in seconds, or None if it is unset or invalid."""
    return _not_negative("JAEGER_EXIT_TIMEOUT", "5 at most")


def is_disabled() -> bool:
    """Whether JAEGER_DISABLED turns tracing off."""
    return _boolean("JAEGER_DISABLED", False)


def is_128_bit() -> bool:
    """Whether JAEGER_TRACEID_128BIT asks for trace IDs of 128 bits."""
    return _boolean("JAEGER_TRACEID_128BIT", False)


def propagation() -> str:
    """Return JAEGER_PROPAGATION: names of formats of headers, or nothing."""
    return os.environ.get("JAEGER_PROPAGATION", "").strip()


def logs_spans() -> bool:
    """Whether JAEGER_REPORTER_LOG_SPANS asks for a log record of each span."""
    return _boolean("JAEGER_REPORTER_LOG_SPANS", False)


def shows_counts() -> bool:
    """Whether SIDECAR_TRACING_PROMETHEUS asks for the counts in Prometheus' registry."""
    return _boolean("SIDECAR_TRACING_PROMETHEUS", False)


def queue_size(default: int) -> int:
    """Return JAEGER_REPORTER_MAX_QUEUE_SIZE, or the default."""
    size = _not_negative("JAEGER_REPORTER_MAX_QUEUE_SIZE", str(default))
    return default if size is None else max(1, int(size))


def flush_interval(default: float) -> float:
    """Return JAEGER_REPORTER_FLUSH_INTERVAL in seconds: 500 and 500ms are half a second, as 0.5s.

    A number without a unit is in milliseconds, as in Jaeger's other clients.
    """
    text = os.environ.get("JAEGER_REPORTER_FLUSH_INTERVAL", "").strip().lower()
    if not text:
        return default
    unit = next((unit for unit in ("ms", "s") if text.endswith(unit)), "")
    number = _number(text.removesuffix(unit))
    if number is None or number < 0:
        _warn("JAEGER_REPORTER_FLUSH_INTERVAL", text, "milliseconds", f"{default:g} s")
        return default
    return number if unit == "s" else number / 1_000


def sampling_endpoint() -> tuple[str, int] | None:
    """Return host and port of JAEGER_SAMPLING_ENDPOINT (http://host:5778/sampling), if set."""
    text = os.environ.get("JAEGER_SAMPLING_ENDPOINT", "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        if parts.scheme in ("", "http") and parts.hostname:
            return parts.hostname, parts.port or SAMPLING_PORT
    except ValueError:
        pass
    _warn("JAEGER_SAMPLING_ENDPOINT", text, "http://HOST:PORT/sampling", "the agent's")
    return None


def warn_of_unused() -> None:
    """Warn of variables that would send spans elsewhere; their values may be secret."""
    for name in UNUSED:
        if os.environ.get(name, "").strip():
            warn("%s is not used: spans go to the agent, by UDP", name)


def tags() -> dict[str, str]:
    """Return JAEGER_TAGS ("name=value,name=value") as a dictionary; a value may contain "="."""
    found = {}
    for piece in os.environ.get("JAEGER_TAGS", "").split(","):
        name, equals, value = piece.partition("=")
        if name.strip() and equals:
            found[name.strip()] = value.strip()
        elif piece.strip():
            _warn("JAEGER_TAGS", piece.strip(), "name=value", "no such tag")
    return found


def _not_negative(variable: str, used: str) -> float | None:
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    number = _number(text)
    if number is None or number < 0:
        _warn(variable, text, "a number that is not negative", used)
        return None
    return number


def _boolean(variable: str, default: bool) -> bool:
    text = os.environ.get(variable, "").strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text not in ("", "0", "false", "no", "off"):
        _warn(variable, text, "true or false", str(default).lower())
    return default if not text else False


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _warn(variable: str, value: str, expected: str, used: str) -> None:
    warn("%s=%.100r is not %s; using %s", variable, value, expected, used)


@cache
def warn(text: str, *values: str) -> None:
    """Say this once in a process, however often a setting is read, and by how many tracers."""
    logger.warning(text, *values)
