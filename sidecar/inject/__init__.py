"""Adds agents to users' files: `compose` with an overlay, `manifests` in a copy of their text."""

EVERY_AGENT = "*"
"""--replace without a name."""
