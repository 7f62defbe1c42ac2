"""`sidecar init`: from Compose files or answers to a commented sidecar.yaml.

`sidecar.inject` decides what is traced of Compose files; `proposal` says it as data of a spec, and
`document` writes it down.
"""
