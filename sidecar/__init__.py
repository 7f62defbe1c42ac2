"""Render, start and prove a jaeger-agent sidecar for a Python service."""

__version__ = "0.1.0"
