"""Types of an image's name and of a mirror's."""

from __future__ import annotations

from sidecar.spec.field_types.mistakes import BLANK, BRACES, EXPANDED
from sidecar.spec.scalars import Mistake, PatternText

_COMPONENT = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_REGISTRY = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"
_TAG = r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
_DIGEST = r"(@[a-z0-9+._-]+:[0-9a-fA-F]+)?"
_IMAGE = "registry.example.com/team/web:1.0"
_MIRROR = "mirror.example.com/dockerhub/"

IMAGE = PatternText(
    rf"({_REGISTRY}/)?{_COMPONENT}(/{_COMPONENT})*{_TAG}{_DIGEST}",
    "an image name",
    f"Give one such as {_IMAGE}",
    (
        BRACES,
        EXPANDED,
        BLANK,
        Mistake(r"://", "has a scheme", f"Remove it: {_IMAGE}"),
        Mistake(r"[^\x00-\x7f]", "contains letters outside ASCII", f"Give one such as {_IMAGE}"),
        Mistake(
            r"/[^:@]*[A-Z]|^[^/:@]*[A-Z][^/]*$",
            "has uppercase letters",
            "Registries accept lowercase letters only",
        ),
    ),
)
MIRROR = PatternText(
    rf"|{_REGISTRY}(/{_COMPONENT})*/?",
    "a mirror name",
    f"Give one such as {_MIRROR}",
    (EXPANDED, BLANK, Mistake(r"://", "has a scheme", f"Remove it: {_MIRROR}")),
)
