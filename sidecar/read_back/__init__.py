"""Reads marked traces back from a region, by the vendor's API: the last hop of a proof."""
