"""`sidecar init`: from a Compose file, or from nothing, to a commented sidecar.yaml.

`composefile` reads what users have; `agents` and `checks` tell what is wrong with it; `proposal` decides what is taken
over; `document` writes it down.
"""
