"""How spans come in: gRPC, as from an agent, and UDP, as from a client without an agent."""
