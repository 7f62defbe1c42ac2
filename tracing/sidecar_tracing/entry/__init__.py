"""Nothing but sitecustomize: `sidecar-trace` puts this folder into PYTHONPATH."""
