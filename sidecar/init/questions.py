"""What `sidecar init` asks on a terminal: Enter takes the default, a wrong answer is told and asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.init.proposal import Wish, plain
from sidecar.regions import find_region, gateway_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sidecar.regions import Region

    Check = Callable[[str], object]
_IMAGE = "registry.example.com/web:1.0"


def ask_all(wish: Wish, regions: Mapping[str, Region], out: Path) -> Wish:
    """Return the wish with what was missing in it asked. Raises SidecarError where the input ends."""
    region = wish.region or ask_region(regions)
    network = wish.network or _ask(
        "Network (public or vpc)", "public", lambda answer: gateway_of(regions[region], answer)
    )
    service = _ask_service(out)
    return Wish(region, network, wish.capacity, service)


def ask_region(regions: Mapping[str, Region]) -> str:
    """Return a region of the catalogue. Raises SidecarError where the input ends."""
    return _ask(
        "Region (`sidecar regions` lists them)",
        "local",
        lambda answer: find_region(regions, answer),
    )


def _ask_service(out: Path) -> dict[str, Any] | None:
    def check(**fields: Any) -> Check:  # noqa: ANN401 - fields of a spec
        """Return a check that a spec takes the answer as the field whose value is None."""
        name = next(key for key, value in fields.items() if value is None)
        return lambda answer: plain(Wish(service={**fields, name: _typed(name, answer)}), out)

    name = _ask(
        "Service (Enter: the sample's two)",
        "",
        lambda text: text and check(name=None, image=_IMAGE)(text),
    )
    if not name:
        return None
    image = _ask("Its image", _IMAGE, check(name=name, image=None))
    port = _ask("The port that it listens on", "8000", check(name=name, image=image, port=None))
    return {"name": name, "image": image, "port": int(port)}


def _typed(name: str, answer: str) -> str | int:
    return int(answer) if name == "port" and answer.isascii() and answer.isdigit() else answer


def _ask(question: str, default: str, check: Check) -> str:
    while True:
        try:
            answer = input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
        except EOFError:
            print()
            raise SidecarError(
                "init", "was not answered", "Give the answers as flags, see `sidecar init --help`"
            ) from None
        except UnicodeDecodeError:
            print("  is not UTF-8 text")
            continue
        try:
            check(answer)
        except SidecarError as error:
            print(f"  {error.cause}. {error.fix}")
        else:
            return answer
