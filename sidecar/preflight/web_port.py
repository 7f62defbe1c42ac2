"""Asks a gateway's web port whether it accepts the token: over TLS, without spans.

The vendor documents the path and the answers. The token goes to hosts of the catalogue only, past
proxies, and redirects are not followed.
"""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING
from urllib.parse import quote

from sidecar.checks.gateways import find_gateway
from sidecar.preflight.records import broken, passed, skipped
from sidecar.preflight.seen_from_place import connect, in_time, resolve
from sidecar.preflight.token import token_of
from sidecar.rules import vendor as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.preflight.records import Candidate, Result

CHECK = "token-answer"
_HTTPS, _HTTPS_PORT = "https", 443
_SECONDS = 3.0


def check_answer(candidate: Candidate) -> Iterator[Result]:
    """Send the token with an empty list of spans, and judge the status of the answer."""
    gateway, path = candidate.agent.gateway, candidate.token_file
    region = find_gateway(str(gateway), candidate.regions).region
    token = token_of(path) if path and not candidate.is_local else ""
    if not token:
        yield skipped(CHECK, gateway.host, "there is no token to ask with: see `token-file`")
    elif region is None:
        yield skipped(CHECK, gateway.host, "a token is sent to hosts of the catalogue only")
    else:
        port = region.ports.get(_HTTPS, _HTTPS_PORT)
        status, error = ask(gateway.host, port, token)
        yield _judged(f"{gateway.host}:{port}", status, error)


def _judged(subject: str, status: int, error: str) -> Result:
    if error:
        return skipped(CHECK, subject, f"the web port does not answer here: {error}")
    if problem := rules.token_answer(status):
        return broken(CHECK, subject, problem)
    answer = rules.vendor_answer(status)
    if rules.takes_token(status):
        return passed(CHECK, subject, f"answers {answer} to the token, sent without spans")
    return skipped(CHECK, subject, f"answers {answer}, which says nothing about the token")


def ask(host: str, port: int, token: str) -> tuple[int, str]:
    """Return the status of the answer, and why there is none. No error shows the token."""
    found = in_time(lambda: resolve(host, port), _SECONDS)
    addresses, error = found or ([], "no DNS server answers")
    if not addresses:
        return 0, error
    plain, _, error = connect(addresses, port, _SECONDS)
    if plain is None:
        return 0, error
    plain.settimeout(_SECONDS)
    connection = http.client.HTTPConnection(host, port)
    try:
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        headers = {"Content-Type": "application/x-protobuf"}
        path = f"/adapt_{quote(token.encode(), safe='@')}/api/otlp/traces"
        connection.request("POST", path, b"", headers)
        return connection.getresponse().status, ""
    except TimeoutError:
        return 0, "no answer in time"
    except (OSError, http.client.HTTPException) as error:
        return 0, str(getattr(error, "reason", "")) or type(error).__name__
    finally:
        connection.close()
        plain.close()
