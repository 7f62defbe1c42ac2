"""The look from inside a pod: an ephemeral container prints what it counted as a line of JSON.

`python -m sidecar.verify.look_inside --service NAME --marker M`
"""

from __future__ import annotations

import sys

from sidecar.verify.look import as_line
from sidecar.verify.pod import PodDeployment, parser_of


def main(arguments: list[str] | None = None) -> int:
    """Print the look; a broken hop is part of it, not a failure."""
    parser = parser_of("sidecar.verify.look_inside", 15.0)
    parser.add_argument("--marker", required=True, help="value of each span's marker tag")
    args = parser.parse_args(arguments)
    deployment = PodDeployment(args.service, None, args.agent, args.admin)
    look = deployment.look(args.service, args.marker, args.spans, args.seconds)
    print(as_line(look), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
