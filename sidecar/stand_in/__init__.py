"""The stand-in for a region's gateway: takes spans over gRPC, checks the token, shows what arrived."""
