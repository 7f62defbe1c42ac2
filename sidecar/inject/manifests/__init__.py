"""Adds an agent to the workloads of manifests, and takes it out again, byte for byte around it.

`choose` decides who gets one, `add` and `take_out` find what changes, `edits` changes the text.
"""
