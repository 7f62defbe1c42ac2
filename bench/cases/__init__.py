"""The cases: name → summary. A case is bench.cases.NAME with `run(options) -> Measured`."""

CASES = {
    "burst": "delivery of 20,000 spans made at once",
    "steady": "delivery of 2,000 spans/s with the gateway 200 ms away",
    "sustained": "delivery of 5,000 spans/s for 60 s",
    "ceiling": "delivery at 80% of what an agent is sized for, and beyond what it can forward",
    "outage": "5 minutes without a gateway at 500 spans/s, with an agent and with a collector",
    "relay": "the same on Kubernetes, with agents and with relays, while pods are deleted",
    "services": "what agents and collectors cost at 1,000 spans/s from 1, 5 and 20 services",
    "caller": "what a span costs the thread that makes it",
    "paced": "what 2,000 spans/s cost the whole process, by each library",
    "web": "a web request's p50 and p99, WSGI and ASGI, traced by each library and not at all",
    "gateway": "the stand-in's PostSpans and that of a bare grpc.aio server",
    "start": "`sidecar --help`, one render and a bare interpreter",
    "spec": "a spec of 200 services, and all regions in one process",
    "inject": "inject of 10,000 Deployments, and `kubectl kustomize` with an equal patch",
    "overlay": "inject of a Compose file of 200 services, and one `docker compose config` of it",
    "processes": "from the start of the sample's processes to the first proven trace",
    "compose": "from `docker compose up` to the first proven trace",
}
