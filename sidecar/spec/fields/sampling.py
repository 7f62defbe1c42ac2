"""The fields of `sampling`: which traces a service reports."""

from __future__ import annotations

from sidecar.rules.clients import SAMPLERS
from sidecar.spec import constraints
from sidecar.spec.scalars import Choice, Number
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import Sampling

SAMPLING = Section(
    Sampling,
    (
        Field("type", Choice(SAMPLERS), "sampler of the client", Sampling.type, "probabilistic"),
        Field(
            "param",
            Number(0, 1e9, "a sampler's parameter"),
            "const: 0 or 1; probabilistic and remote: a share; ratelimiting: traces/s",
            Sampling.param,
            0.1,
        ),
    ),
    constraints=(constraints.fits_sampler,),
    conditions=constraints.sampler_conditions(),
)
