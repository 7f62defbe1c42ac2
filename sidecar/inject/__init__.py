"""Adds agents to what users have: `compose` by an overlay, `manifests` in a copy of their text."""

EVERY_AGENT = "*"
"""--replace without a name."""
