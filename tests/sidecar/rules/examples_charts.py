"""A bad and a good value for each rule about charts."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import api_values, charts, pod_storage, selectors


def _pod(**spec: object) -> dict[str, object]:
    """Return a Job with a container."""
    containers = [{"name": "web", "image": "web:1"}]
    template = {"spec": {"containers": containers, **spec}}
    return {"kind": "Job", "spec": {"template": template}}


def _stored(limit: str) -> dict[str, object]:
    """Return a pod with a volume of 2 GiB."""
    resources = {"limits": {"ephemeral-storage": limit}}
    volume = {"name": "queue", "emptyDir": {"sizeLimit": "2Gi"}}
    return {"containers": [{"name": "web", "resources": resources}], "volumes": [volume]}


_SPREAD = {"topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"app": "web"}}}]}
EXAMPLES = {
    "chart-image-not-pushed": example(
        charts.unpushed_image, Call("web", is_built=True), Call("web", is_built=False)
    ),
    "chart-publishes-no-port": example(
        charts.published_port, Call(is_published=True), Call(is_published=False)
    ),
    "chart-without-env-files": example(charts.env_files, Call(["web.env"]), Call([])),
    "chart-without-volumes": example(charts.volumes, Call(["/data"]), Call([])),
    "chart-without-tcp-retries": example(charts.tcp_retries, Call(5), Call(None)),
    "no-memory-limit": example(charts.memory_limit, Call(None, 512), Call(64, 512)),
    "writable-root": example(
        charts.root_file_system, Call(is_read_only=False), Call(is_read_only=True)
    ),
    "admin-port-open": example(charts.admin_port, Call("1.17.9"), Call("1.18.0")),
    "helm-not-installed": example(charts.helm_program, Call(None), Call("/usr/bin/helm")),
    "api-schemas-not-installed": example(
        charts.api_schemas, Call(are_installed=False), Call(are_installed=True)
    ),
    "helm-refuses-chart": example(charts.helm_result, Call(1, "Error: x"), Call(0, "")),
    "selector-without-own-pods": example(
        lambda labels: next(selectors.own_pods(labels, _SPREAD), None),
        Call({"app": "api"}),
        Call({"app": "web"}),
    ),
    "volumes-above-ephemeral-storage": example(
        pod_storage.volumes, Call(_stored("1Gi")), Call(_stored("2Gi"))
    ),
    "api-value-refused": example(
        lambda each: next(api_values.refused(each), None),
        Call(_pod(serviceAccountName="Web")),
        Call(_pod(serviceAccountName="web")),
    ),
    "newer-api-needed": example(
        charts.object_schema,
        Call("1.27.0", "spec", "'sleep' was unexpected", is_known_later=True),
        Call("1.27.0", "", "", is_known_later=True),
    ),
    "api-schema-violated": example(
        charts.object_schema,
        Call("1.34.0", "spec", "'colour' was unexpected"),
        Call("1.34.0", "", ""),
    ),
}
