"""The demo: sample, agents and stand-in, in containers or as plain processes."""
