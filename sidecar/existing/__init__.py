"""Reads what users have, as records; nothing here judges or proposes.

A Compose file is read by `sidecar.existing.compose`, Kubernetes manifests by
`sidecar.existing.manifests`.
"""
