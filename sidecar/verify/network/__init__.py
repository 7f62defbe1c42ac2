"""What runs in the network of a service or of its agent: it reads there, and sends marked spans."""
