"""What a reader sees over HTTP: the stored traces as JSON and as pages, and all totals."""
