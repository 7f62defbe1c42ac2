"""What maintainers run, by `make`: releases, and the tests on every Python."""
