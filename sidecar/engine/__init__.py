"""A small port to the container engine: the Docker SDK and Compose with the kit's errors."""
