"""The stand-in, which also writes down the id of every span that comes, and its fate.

`python ledger_gateway.py gateway …` takes the arguments of `sidecar`. A restart forgets nothing.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sidecar.cli import main
from sidecar.stand_in.keep.intake import Intake, Verdict
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

LEDGER = Path("/ledger") / "gateway.arrived"
NAMES = {Verdict.ACCEPTED: "accepted", Verdict.DROPPED: "dropped"}


def write_down(accept):
    """Return an `accept` that writes each batch into the ledger."""
    ledger = os.open(LEDGER, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def accepting(self, raw, *more):
        verdict = accept(self, raw, *more)
        batch = PostSpansRequest.FromString(raw).batch
        ids = ",".join(span.span_id.hex() for span in batch.spans)
        words = f"{time.time():.3f}", NAMES.get(verdict, "refused"), batch.process.service_name
        if not batch.spans:  # a call that only asks
            return verdict
        os.write(ledger, f"{' '.join(words)} {ids}\n".encode())
        return verdict

    return accepting


Intake.accept = write_down(Intake.accept)

if __name__ == "__main__":
    sys.exit(main())
