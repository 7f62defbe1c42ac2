"""Measurements of the kit and the stock way in one run (`python -m bench --list`)."""
