"""A deployment under Compose."""
