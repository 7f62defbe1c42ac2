"""The old place of what sidecar.spec.load and sidecar.spec.values hold; gone once nothing imports it."""

from sidecar.spec.load import read_spec
from sidecar.spec.values import SpecError

__all__ = ["SpecError", "read_spec"]
