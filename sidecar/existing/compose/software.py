"""Well-known images: a database or a proxy is not a service to trace, and some run Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeService

_IMAGES = {
    "database": """
        postgres postgresql postgis timescaledb pgvector mysql percona mariadb mongo mongodb mssql
        oracle db2 cassandra scylla couchdb couchbase neo4j clickhouse clickhouse-server influxdb
        cockroach dynamodb-local dynamodb questdb tidb rethinkdb arangodb qdrant milvus weaviate
        chroma db database
    """,
    "cache": """
        redis redis-stack redis-stack-server valkey keydb dragonfly memcached varnish cache
    """,
    "broker": """
        rabbitmq kafka cp-kafka cp-zookeeper cp-schema-registry zookeeper redpanda nats
        nats-streaming activemq activemq-artemis artemis pulsar mosquitto emqx nsq broker
    """,
    "proxy": """
        nginx nginx-unprivileged nginx-proxy openresty traefik haproxy envoy caddy httpd apache
        apache2 kong squid pgbouncer pgpool ingress proxy reverse-proxy webserver oauth2-proxy relay
    """,
    "search engine": """
        elasticsearch opensearch solr meilisearch typesense kibana opensearch-dashboards logstash
    """,
    "tracing backend": """
        jaeger-query jaeger-collector jaeger-ingester jaeger-cassandra-schema zipkin tempo
        opentelemetry-collector opentelemetry-collector-contrib otel-collector otelcol
        skywalking-oap-server
    """,
    "metrics or logs": """
        prometheus grafana loki promtail alertmanager node-exporter cadvisor statsd statsd-exporter
        graphite graphite-statsd fluentd fluent-bit telegraf vector filebeat snuba symbolicator
    """,
    "store": "minio mc registry vault consul etcd localstack seaweedfs",
    "tool": """
        adminer pgadmin4 pgadmin phpmyadmin mailhog mailpit maildev exim4 smtp flower portainer
        watchtower redis-commander mongo-express docker-gc ofelia keycloak selenium chrome busybox
        alpine certbot geoipupdate docker dind
    """,
}
_USE_OF = {name: use for use, names in _IMAGES.items() for name in names.split()}
_COLLECTOR = re.compile(
    r"opentelemetry-collector|otelcol|otel-collector"
    r"|jaeger-(agent|all-in-one|anonymizer|cassandra|collector|es-|ingester|operator|query"
    r"|remote-storage|storage|tracegen|ui)"
)
_GUESSED = re.compile(
    r"(postgres|mysql|mariadb|mongo|redis|memcached|rabbitmq|kafka|zookeeper|nginx|traefik"
    r"|clickhouse)\b"
)
_PYTHON = re.compile(
    r"\b(python[\d.]*|pypy|gunicorn|uvicorn|hypercorn|daphne|uwsgi|celery|flask|django|manage\.py"
    r"|fastapi|airflow|dramatiq|huey|rq|faust|jupyter|streamlit|poetry|pipenv|uv|tornado|aiohttp"
    r"|sanic|superset|sentry)\b|\.py\b",
    re.IGNORECASE,
)
_NODE = re.compile(
    r"(?:^|[\s/;&'\"])(?:node|nodejs|npm|npx|yarn|pnpm|nodemon|ts-node|pm2)(?=[\s:'\"]|$)"
)
_FROM = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?",
    re.IGNORECASE | re.MULTILINE,
)
_START = re.compile(r"^\s*(?:CMD|ENTRYPOINT)\s.*", re.IGNORECASE | re.MULTILINE)


def repository(image: str) -> str:
    """Return an image's last name: `postgres` for `docker.io/library/postgres:16@sha256:…`."""
    return image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[0].casefold()


def tag(image: str) -> str:
    """Return an image's digest, else its tag, else an empty text."""
    name, _, digest = image.partition("@")
    return digest or name.rsplit("/", 1)[-1].partition(":")[2]


def other_software(service: ComposeService) -> str:
    """Return what a ready-made image is for, such as `database`; empty for a user's own."""
    if service.image and not service.build:
        return use_of(service.image.text)
    context = service.build.context.rstrip("/").rsplit("/", 1)[-1] if service.build else ""
    return _USE_OF.get(service.name.casefold()) or _USE_OF.get(context.casefold(), "")


def use_of(image: str) -> str:
    """Return what a ready-made image is for; empty for one that is not well known."""
    name = repository(image)
    if _COLLECTOR.match(name):
        return "tracing backend"
    found = _GUESSED.match(name)
    return _USE_OF.get(name, _USE_OF.get(found[1], "") if found else "")


def is_tracer(image: str) -> bool:
    """Tell whether an image is that of an agent, an all-in-one or a tracing backend."""
    return (
        repository(image) == "jaeger"
        or use_of(image) == "tracing backend"
        or any(name in repository(image) for name in ("jaeger-agent", "all-in-one"))
    )


def base_of(dockerfile: str) -> str:
    """Return the image that a Dockerfile's last stage begins with; empty where none is named."""
    stages: dict[str, str] = {}
    image = ""
    for stage in _FROM.finditer(dockerfile):
        image = stages.get(stage["image"].casefold(), stage["image"])
        stages[(stage["name"] or "").casefold()] = image
    return image


def runs_node(service: ComposeService, dockerfile: str = "") -> bool:
    """Tell whether command or image are those of Node.js; its builds often have a Python, too."""
    image = service.image.text if service.image and not service.build else base_of(dockerfile)
    words = [word.text for word in (*(service.entrypoint or ()), *service.command)]
    words = words or _START.findall(dockerfile)[-1:]
    named = repository(image) in ("node", "nodejs") or any(map(_NODE.search, words))
    return named and not _PYTHON.search(" ".join([image, *words]))


def runs_python(service: ComposeService) -> bool:
    """Tell whether command or image look like Python.

    A service that is built here, and has no command, counts: nothing else is known of it.
    """
    image = service.image.text if service.image else ""
    words = [word.text for word in (*(service.entrypoint or ()), *service.command)]
    if _PYTHON.search(" ".join([image, *words])):
        return True
    return service.build is not None and not words
