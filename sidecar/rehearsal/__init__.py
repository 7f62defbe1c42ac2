"""The rehearsal: faults in a running deployment, marked spans, and a ledger of all of them."""
