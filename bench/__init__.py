"""Measurements of the kit next to the stock way, in one run (`python -m bench --list`)."""
