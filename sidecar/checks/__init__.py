"""Checks: each reads a spec, a rendering, a folder or a Compose file, and returns findings."""
