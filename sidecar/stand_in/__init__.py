"""The stand-in for a region's gateway: receives spans, checks the token, shows what arrived."""
