"""The Helm target: a whole chart, and the overlay that makes the released chart the same."""

from __future__ import annotations

import json
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.image_names import official
from sidecar.rules.recognition import mask
from sidecar.rules.tokens import EMPTY, PASTED
from sidecar.targets.helm import chart, collector, schema
from sidecar.targets.helm.differences import differences
from sidecar.targets.helm.keys import KEYS, MAPS, SECTIONS
from sidecar.targets.helm.library import LIBRARY_KEYS, LIBRARY_SECTIONS, library_values
from sidecar.targets.helm.values import difference, values_of
from sidecar.targets.monitoring import collector_alerts, dashboard, forwarder_alerts
from sidecar.targets.monitoring.alerts import ALERTS
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering
    from sidecar.targets.helm.values import Values

FOLDER = "helm"
OVERLAY = "values.yaml"
_OFF = {"enabled": False}
"""Not null, which fails under --reuse-values, and with Helm 4 from a parent chart."""
_LONG = 80
"""A list that takes more columns has an item on each line."""


def render(plan: Plan) -> Rendering:
    """Return `values.yaml`, the overlay, and `helm/`, the chart with the same values.

    In the checkout itself: only the files that are not edited there.
    """
    values = values_of(plan)
    files = {f"{FOLDER}/{name}": text for name, text in rendered(plan, values).items()}
    if plan.source == ".":
        return files
    static = {f"{FOLDER}/{name}": text for name, text in chart.static_files().items()}
    return {OVERLAY: overlay(plan, values), **static, **files}


def rendered(plan: Plan, values: Values) -> dict[str, str]:
    """Return the files of the chart and its library that are not edited by hand."""
    names = {
        "plan": plan,
        "values": values,
        "keys": KEYS,
        "maps": MAPS,
        "sections": SECTIONS,
        "official": official(),
        "library": chart.LIBRARY,
    }
    files = _from_templates("", names)
    files[chart.RULES_TEMPLATE] = _token_rules()
    files[chart.ALERTS_TEMPLATE] = _alert_rules()
    files[chart.DASHBOARD] = dashboard.as_json()
    files[chart.SCHEMA] = schema.as_json(schema.schema(KEYS, values, [chart.LIBRARY]))
    library = _library(plan, values)
    return files | {f"{chart.LIBRARY_FOLDER}/{name}": text for name, text in library.items()}


def _library(plan: Plan, values: Values) -> dict[str, str]:
    own = library_values(values, plan.region)
    names = {
        "plan": plan,
        "values": own,
        "keys": LIBRARY_KEYS,
        "maps": {},
        "sections": LIBRARY_SECTIONS,
        "library": chart.LIBRARY,
    }
    files = _from_templates("library/", names)
    files[chart.COLLECTOR_TEMPLATE] = _collector_base()
    return {**files, chart.SCHEMA: schema.as_json(schema.schema(LIBRARY_KEYS, own))}


def _token_rules() -> str:
    """Return the rules of a token's text as a template; RE2 spells the text's end differently."""
    rules = [
        {
            "id": pasted.rule.id,
            "pattern": pasted.pattern.replace(r"\Z", r"\z"),
            "cause": pasted.cause,
            "fix": pasted.rule.fix,
        }
        for pasted in PASTED
        if pasted.rule is not EMPTY
    ]
    template = _jinja().get_template("_token-rules.tpl.j2")
    return template.render(token_rules=json.dumps(rules, indent=2))


def _collector_base() -> str:
    """Return a collector's configuration as a template, which the chart fills in."""
    template = _jinja().get_template("library/_collector-base.tpl.j2")
    return template.render(
        configuration=collector.configuration_json(), rules=collector.rules_json()
    )


def _alert_rules() -> str:
    """Return the alerts as a template, with the words that the chart fills in."""
    kinds = {
        "alert_rules": ALERTS,
        "collector_rules": collector_alerts.ALERTS,
        "forwarder_rules": forwarder_alerts.ALERTS,
    }
    texts = {
        name: json.dumps([alert.filled({}) for alert in alerts], indent=2)
        for name, alerts in kinds.items()
    }
    return _jinja().get_template("_alert-rules.tpl.j2").render(texts)


def _from_templates(folder: str, names: dict[str, Any]) -> dict[str, str]:
    """Return a chart's files, each from the template of its name in a folder of templates."""
    return {
        name: _jinja().get_template(f"{folder}{name}.j2").render(**names)
        for name in chart.FROM_TEMPLATES
    }


def overlay(plan: Plan, values: Values) -> str:
    """Return the differences from the released chart, which is the one for `local`."""
    released = yamlio.load(chart.released_values(), "values.yaml")
    changes = {"region": values["region"], **difference(values, released)}
    if "services" in changes:
        changes["services"] = {
            name: _OFF if change is None else change for name, change in changes["services"].items()
        }
    return (
        _jinja()
        .get_template("overlay.yaml.j2")
        .render(plan=plan, changes=changes, differences=_differences(plan))
    )


def _differences(plan: Plan) -> list[str]:
    """Return sentences without tokens, which would be hidden from masks once they are wrapped."""
    return [mask(str(finding)) for finding in differences(plan)]


@cache
def _jinja() -> jinja2.Environment:
    jinja = environment("helm")
    jinja.filters["block"] = block
    jinja.filters["comment"] = comment
    jinja.globals["at"] = at
    return jinja


def at(values: Values, path: str) -> Any:  # noqa: ANN401 - data of any shape
    """Return the value at a dotted path."""
    for key in path.split("."):
        values = values[key]
    return values


def comment(text: str, indent: int = 0, hang: int = 0) -> str:
    """Return a text as YAML comments of 100 columns; further lines hang behind the first."""
    start = " " * indent + "# "
    further = start + " " * hang
    return textwrap.fill(
        text, 100, initial_indent=start, subsequent_indent=further, break_on_hyphens=False
    )


def block(value: Any, indent: int = 0) -> str:  # noqa: ANN401
    """Return what follows a key's colon: a map or a long list as a block, all else on its line."""
    start = "\n" + " " * (indent + 2)
    flow = yamlio.flow(value)
    if isinstance(value, list) and len(flow) > _LONG:
        return "".join(f"{start}- {yamlio.flow(item)}" for item in value)
    if not isinstance(value, dict) or not value:
        return " " + flow
    return "".join(
        f"{start}{yamlio.flow(key)}:{block(inner, indent + 2)}" for key, inner in value.items()
    )
