"""The proof: marked spans from the service's own place, counted at every hop."""
