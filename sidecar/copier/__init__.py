"""Stands where an agent is: each packet goes to the agent, and its copy to a collector."""
