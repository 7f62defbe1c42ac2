"""A small port to the container engine: the kit's own words and errors over the Docker SDK and Compose."""
