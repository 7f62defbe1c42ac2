"""Measurements of the kit, each side by side with the stock way in one run. `python -m bench --list` names them."""
