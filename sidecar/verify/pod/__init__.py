"""What runs inside a pod, whose containers share one network."""
