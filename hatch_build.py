"""Build hook: generate the stand-in's gRPC stubs, for wheels and editable installs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsHook(BuildHookInterface[Any]):
    """Write sidecar/stand_in/stubs/*_pb2*.py."""

    def initialize(
        self,
        version: str,  # noqa: ARG002 - the interface's signature
        build_data: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """Run protoc before files are collected. Raises RuntimeError if it fails."""
        from grpc_tools import protoc

        root = Path(self.root)
        protos = sorted(str(path) for path in (root / "sidecar/stand_in/stubs").glob("*.proto"))
        well_known = Path(protoc.__file__).parent / "_proto"
        out = [f"--{kind}_out={root}" for kind in ("python", "grpc_python", "pyi")]
        if protoc.main(["protoc", f"-I{root}", f"-I{well_known}", *out, *protos]):
            raise RuntimeError(f"protoc refused one of {protos}")
