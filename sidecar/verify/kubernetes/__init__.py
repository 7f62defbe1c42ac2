"""A release in a cluster."""
