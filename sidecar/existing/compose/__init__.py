"""Reads a Compose file: `load.load` returns a `records.ComposeFile`.

`agents` finds hand-made agents in it, and `traced` the services to trace.
"""
