"""A deployment without marked spans: its current state, a watch, and a bundle for support."""
