"""`python -m sidecar.forwarder.ask`: sends a call without spans through a forwarder.

The gateway judges its token all the same. Prints the forwarder's state after it as JSON; run in the
forwarder's network.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request

import grpc

from sidecar.forwarder.gateways import METHOD
from sidecar.rules.forwarders import GRPC_PORT, OK, STATE_PORT

_SECONDS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Print the state; 1 where the forwarder does not answer."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.forwarder.ask")
    parser.add_argument("--port", type=int, default=GRPC_PORT)
    parser.add_argument("--state-port", type=int, default=STATE_PORT)
    args = parser.parse_args(arguments)
    answer, _ = call(f"127.0.0.1:{args.port}")
    try:
        url = f"http://127.0.0.1:{args.state_port}/state"
        with urllib.request.urlopen(url, timeout=_SECONDS) as response:
            state = json.load(response)
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({**state, "answer": answer}))
    return 0


def call(address: str) -> tuple[str, str]:
    """Return the forwarder's answer to a call without spans: its code in gRPC's terms, and words.

    A call that it does not answer is UNAVAILABLE or DEADLINE_EXCEEDED.
    """
    with grpc.insecure_channel(address, (("grpc.enable_http_proxy", 0),)) as channel:
        try:
            channel.unary_unary(METHOD)(b"", timeout=_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            return str(error.code().name), str(error.details())
    return OK, ""


if __name__ == "__main__":
    sys.exit(main())
