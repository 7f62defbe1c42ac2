"""A Compose file → `records.ComposeFile`; `load.load` is the way in, and `agents` finds agents."""
