"""The look from inside a pod: an ephemeral container prints what it counted as a line of JSON.

`python -m sidecar.verify.pod.look --service NAME --marker M`
"""

from __future__ import annotations

import sys

from sidecar.verify.look import Task, as_line
from sidecar.verify.pod.deployment import PodDeployment, parser_of


def main(arguments: list[str] | None = None) -> int:
    """Print the look; a broken hop is part of it, not a failure."""
    parser = parser_of("sidecar.verify.pod.look", 15.0)
    parser.add_argument("--marker", required=True, help="value of each span's marker tag")
    parser.add_argument("--request", action="append", default=[], metavar="URL")
    parser.add_argument("--traced", action="store_true", help="ask again, with a trace id")
    parser.add_argument("--patient", action="store_true", help="others were asked")
    parser.add_argument("--variables", action="store_true", help="read other processes' variables")
    parser.add_argument("--path-only", action="store_true", help="do not look at the service")
    args = parser.parse_args(arguments)
    deployment = PodDeployment(args.service, None, args.agent, args.admin)
    deployment.relays = args.relays
    deployment.sees_processes = args.variables
    task = Task(
        args.service,
        args.marker,
        args.spans,
        args.seconds,
        urls=tuple(args.request),
        traced=args.traced,
        patient=args.patient,
        path_only=args.path_only,
    )
    look = deployment.look(task)
    print(as_line(look), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
