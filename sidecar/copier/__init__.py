"""Takes over an agent's address: passes each packet to the agent, and a copy to a collector."""
