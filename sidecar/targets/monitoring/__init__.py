"""What Prometheus and Grafana need of a deployment, the same for every target."""
