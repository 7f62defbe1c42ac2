"""The files for the Prometheus of a Compose deployment: what to scrape, and when to alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from sidecar.rendering import DASHBOARD, HEADER, RULES
from sidecar.rules.agents import ADMIN_PORT
from sidecar.rules.forwarders import STATE_PORT
from sidecar.targets.monitoring import collector_alerts, dashboard, forwarder_alerts
from sidecar.targets.monitoring.alerts import ALERTS, GROUP

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan, Plan
    from sidecar.rendering import Rendering

CONFIGURATION = "monitoring/prometheus.yml"
_JOB, _FORWARDER_JOB = "sidecar-agents", "sidecar-forwarder"
_INTERVAL = "15s"
_LONG = 100


def render(plan: Plan) -> Rendering:
    """Return the scrape configuration, the rules and the dashboard of a plan."""
    return {
        CONFIGURATION: _text(plan, _configuration(plan)),
        RULES: _text(plan, _rules(plan)),
        DASHBOARD: dashboard.as_json(),
    }


def _configuration(plan: Plan) -> dict[str, Any]:
    targets = [
        {
            "targets": [f"{service.agent.name}:{_port(service.agent)}"],
            "labels": {"project": plan.project, "service": service.name},
        }
        for service in plan.services
    ]
    jobs = [_job(_JOB, targets)]
    if forwarder := plan.forwarder:
        at = {"targets": [f"{forwarder.name}:{STATE_PORT}"], "labels": {"project": plan.project}}
        jobs.append(_job(_FORWARDER_JOB, [at]))
    return {"rule_files": [RULES.rpartition("/")[2]], "scrape_configs": jobs}


def _job(name: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"job_name": name, "scrape_interval": _INTERVAL, "static_configs": targets}


def _port(agent: AgentPlan) -> int:
    return agent.collector.metrics_port if agent.collector else ADMIN_PORT


def _rules(plan: Plan) -> dict[str, Any]:
    words = {
        **_series(_JOB, plan.project),
        "LABELS": "project, service",
        "AGENT": "of {{ $labels.service }}",
        "TUNING": "Raise `capacity` in the spec, and render again.",
    }
    alerts = ALERTS if plan.agents_have_token else collector_alerts.ALERTS
    rules = [alert.filled(words) for alert in alerts]
    if plan.forwarder:
        rules += _forwarder_rules(plan.project)
    return {"groups": [{"name": GROUP, "rules": rules}]}


def _forwarder_rules(project: str) -> list[dict[str, Any]]:
    series = _series(_FORWARDER_JOB, project)
    words = {**series, "LABELS": "project", "AGENT": "of {{ $labels.project }}"}
    return [alert.filled(words) for alert in forwarder_alerts.ALERTS]


def _series(job: str, project: str) -> dict[str, str]:
    selector = f'{{job="{job}", project="{project}"}}'
    return {"SERIES": selector, "TARGETS": selector}


def _text(plan: Plan, data: dict[str, Any]) -> str:
    head = f"{HEADER} {plan.kit_version} for {plan.region}."
    body = yaml.safe_dump(data, sort_keys=False, width=_LONG, allow_unicode=True)
    return f"{head}\n{body}"
