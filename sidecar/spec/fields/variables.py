"""Variables by name: an environment's, or a build's arguments."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.containers import MapOf

VARIABLES = MapOf(types.VARIABLE, types.ANY_TEXT, "Give VARIABLE: text below it")
