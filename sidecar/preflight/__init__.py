"""What can be checked before a deployment runs; each check reads or asks, and changes nothing."""
