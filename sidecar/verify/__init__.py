"""The proof: marked spans from each service's network, counted at every hop."""
