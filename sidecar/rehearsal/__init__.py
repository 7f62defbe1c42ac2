"""The rehearsal: faults on a running deployment, known traffic, and a ledger of every span."""
