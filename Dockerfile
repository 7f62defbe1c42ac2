# The kit's own images. They build with the classic builder, BuildKit and `docker compose build`:
# no `RUN --mount`, no `# syntax` line. `sidecar images` passes BASE and fills build/site/.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS tools
# build/site/: the host's pip settings and certificate authority, for the build stages only; absent
# on an ordinary machine
COPY LICENSE buil[d]/site/* /site/
ENV PIP_CONFIG_FILE=/site/pip.conf PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
# pip installs into /venv from outside, so that no image carries pip
RUN python3 -m venv /pip && python3 -m venv --without-pip /venv
WORKDIR /source
# Every version in an image comes from the lock. Constraints have neither hashes nor extras.
COPY LICENSE requirements-dev.txt ./
RUN sed -e '/--hash=/d' -e 's/ \\$//' -e 's/\[.*\]==/==/' requirements-dev.txt > versions.txt

FROM tools AS sample-build
# by this label `sidecar images` finds the stages that a newer build superseded
LABEL io.sidecar-kit.stage=sample
COPY sample_service/requirements.txt sample_service/
COPY tracing tracing
RUN /pip/bin/pip --python /venv/bin/python install --quiet -c versions.txt \
    -r sample_service/requirements.txt ./tracing
COPY sample_service /app/sample_service
RUN python3 -m compileall -q /app

FROM tools AS gateway-build
LABEL io.sidecar-kit.stage=gateway
# what others publish comes first, so that a change of the helper's sources costs seconds
COPY pyproject.toml ./
RUN python3 -c "import tomllib; kit = tomllib.load(open('pyproject.toml', 'rb')); \
project, build = kit['project'], kit['build-system']['requires']; \
run = project['dependencies'] + project['optional-dependencies']['gateway']; \
open('build.txt', 'w').write('\n'.join(build)); open('run.txt', 'w').write('\n'.join(run))" \
 && /pip/bin/pip install --quiet -c versions.txt -r build.txt \
 && /pip/bin/pip --python /venv/bin/python install --quiet -c versions.txt -r run.txt
COPY tracing tracing
RUN /pip/bin/pip --python /venv/bin/python install --quiet -c versions.txt ./tracing
COPY hatch_build.py README.md ./
COPY helm helm
COPY sidecar sidecar
RUN /pip/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /pip/bin/pip --python /venv/bin/python install --quiet --no-deps /wheels/*.whl

FROM ${BASE} AS sample
LABEL io.sidecar-kit.stage=final \
      org.opencontainers.image.title="sidecar-kit sample" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=sample-build /venv /venv
COPY --from=sample-build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8080
CMD ["gunicorn", "--config", "python:sample_service.gunicorn_conf", "sample_service.frontend:app"]

# The stand-in for a region's gateway; also what `sidecar verify` probes with.
FROM ${BASE} AS gateway
LABEL io.sidecar-kit.stage=final \
      org.opencontainers.image.title="sidecar-kit gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=gateway-build /venv /venv
COPY sidecar/forwarder/wait.sh /usr/local/lib/sidecar/wait.sh
USER 10001:10001
EXPOSE 1883 16686
ENTRYPOINT ["sidecar"]
CMD ["gateway"]
