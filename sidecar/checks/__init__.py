"""The checks of validate: each reads a plan, its spec, its rendering or its folder and returns findings."""
