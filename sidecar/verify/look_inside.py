"""The look from inside a pod, run in an ephemeral container: prints what it saw as one line of JSON.

`python -m sidecar.verify.look_inside --service NAME --marker M`
"""

from __future__ import annotations

import sys

from sidecar.verify.inside import PodDeployment
from sidecar.verify.look import as_line
from sidecar.verify.options import parser_of


def main(arguments: list[str] | None = None) -> int:
    """Print the look; a hop that broke is part of it, not a failure."""
    parser = parser_of("sidecar.verify.look_inside", 15.0)
    parser.add_argument("--marker", required=True, help="value of each span's marker tag")
    args = parser.parse_args(arguments)
    deployment = PodDeployment(args.service, None, args.agent, args.admin)
    print(as_line(deployment.look(args.service, args.marker, args.spans, args.seconds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
