"""A deployment without marked spans: its state now, a standing watch, and what to hand on."""
