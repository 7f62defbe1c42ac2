"""A late and a usual answer of a gateway."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules.gateway_answers import Answers, late

EXAMPLES = {
    "gateway-answers-late": example(
        late, Call(Answers(3.0, 0, 0, 0.0), 64), Call(Answers(2.9, 0, 0, 0.0), 64)
    ),
}
