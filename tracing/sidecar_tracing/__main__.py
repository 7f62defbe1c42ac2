"""`python -m sidecar_tracing COMMAND …` is `sidecar-trace COMMAND …`."""

import sys

from sidecar_tracing.launcher import main

if __name__ == "__main__":
    sys.exit(main())
