"""A proof as JUnit XML: one test case per hop, as CI systems show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sidecar.errors import SidecarError
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from sidecar.verify.hops import Hop, Proof

_NAME = "sidecar verify"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(outcome: Proof | SidecarError) -> bytes:
    """Return a proof, or the error that kept it from being made, as a JUnit file."""
    failed = isinstance(outcome, SidecarError)
    hops = () if isinstance(outcome, SidecarError) else outcome.hops
    counts = {
        "name": _NAME,
        "tests": len(hops) + failed,
        "failures": sum(hop.ok is False for hop in hops),
        "errors": int(failed),
        "skipped": sum(hop.ok is None for hop in hops),
    }
    suite = ET.Element("testsuite", {name: str(value) for name, value in counts.items()})
    for hop in hops:
        suite.append(_case(hop))
    if isinstance(outcome, SidecarError):
        case = ET.SubElement(suite, "testcase", classname="deployment", name="can be verified")
        _add(case, "error", outcome.id, f"{outcome.subject}: {outcome.cause}", outcome.fix)
    root = ET.Element("testsuites", name=_NAME)
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(hop: Hop) -> ET.Element:
    case = ET.Element("testcase", classname=_clean(hop.service), name=_clean(hop.hop))
    if hop.ok is None:
        ET.SubElement(case, "skipped", message=_clean(hop.cause))
    if hop.ok is False:
        lost = [f"{count} {reason}" for reason, count in hop.counts.items()]
        arrived = [f"{hop.figure} of {hop.expected} {hop.unit}"] if hop.figure is not None else []
        _add(case, "failure", hop.id, hop.cause, "\n".join([hop.fix, *arrived, *lost]))
    return case


def _add(case: ET.Element, kind: str, rule: str, cause: str, text: str) -> None:
    element = ET.SubElement(case, kind, type=rule or "error", message=_clean(cause))
    element.text = _clean(text)


def _clean(text: str) -> str:
    """Return a text without what looks like a token, and without what XML cannot hold."""
    return _NOT_XML.sub("?", mask(text))
