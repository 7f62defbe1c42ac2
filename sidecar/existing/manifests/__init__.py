"""Reads Kubernetes manifests with the position of everything in them; it builds no values.

`stream` splits a stream into documents, `tree` has the nodes and places of one, and `workloads`
finds what runs pods in it.
"""
