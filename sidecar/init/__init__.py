"""`sidecar init`: from a Compose file or answers to a commented sidecar.yaml.

`sidecar.existing` reads what users have, and `sidecar.checks` says what is wrong with it.
`proposal` decides what is taken over; `document` writes it down.
"""
