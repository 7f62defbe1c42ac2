"""The questions of `sidecar init` on a terminal; Enter takes the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.init.proposal import Answers, plain
from sidecar.regions import find_region, gateway_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sidecar.regions import Region

    Check = Callable[[str], object]
    """Raises SidecarError for a wrong answer."""
_IMAGE = "registry.example.com/web:1.0"


def ask_all(given: Answers, regions: Mapping[str, Region], out: Path) -> Answers:
    """Return the answers with the missing ones asked. Raises SidecarError where the input ends."""
    region = given.region or ask_region(regions)
    network = given.network or _ask(
        "Network (public or vpc)", "public", lambda answer: gateway_of(regions[region], answer)
    )
    return Answers(region, network, given.capacity, _ask_service(out))


def ask_region(regions: Mapping[str, Region]) -> str:
    """Return a region of the catalogue. Raises SidecarError where the input ends."""
    question = "Region (`sidecar regions` lists them)"
    return _ask(question, "local", lambda answer: find_region(regions, answer))


def _ask_service(out: Path) -> dict[str, Any] | None:
    def check(field: str, **others: Any) -> Check:  # noqa: ANN401 - fields of a spec
        """Return a check that a spec accepts the answer as a field of a service."""
        return lambda text: plain(Answers(service={**others, field: _typed(field, text)}), out)

    is_name = check("name", image=_IMAGE)
    name = _ask("Service (Enter: the sample's two)", "", lambda text: text and is_name(text))
    if not name:
        return None
    image = _ask("Its image", _IMAGE, check("image", name=name))
    port = _ask("The port that it listens on", "8000", check("port", name=name, image=image))
    return {"name": name, "image": image, "port": int(port)}


def _typed(field: str, answer: str) -> str | int:
    is_number = field == "port" and answer.isascii() and answer.isdigit()
    return int(answer) if is_number else answer


def _ask(question: str, default: str, check: Check) -> str:
    prompt = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        answer = _typed_line(prompt)
        if answer is not None and _accepts(check, answer or default):
            return answer or default


def _typed_line(prompt: str) -> str | None:
    try:
        return input(prompt).strip()
    except EOFError:
        print()
        fix = "Give the answers as flags, see `sidecar init --help`"
        raise SidecarError("init", "has no answer", fix) from None
    except UnicodeDecodeError:
        print("  is not UTF-8 text")
        return None


def _accepts(check: Check, answer: str) -> bool:
    """Tell whether a check accepts an answer; else print why not."""
    try:
        check(answer)
    except SidecarError as error:
        print(f"  {error.cause}. {error.fix}")
        return False
    return True
