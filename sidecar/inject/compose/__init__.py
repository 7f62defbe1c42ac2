"""Agents for the services of a Compose file that exists; its own files stay as they are."""
