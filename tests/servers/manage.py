"""Django's management commands for the traced service."""

from __future__ import annotations

import sys

import django_service  # noqa: F401 - its settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
