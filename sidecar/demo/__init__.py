"""The demonstration: the sample, its agents and the stand-in, in containers or as plain processes."""
