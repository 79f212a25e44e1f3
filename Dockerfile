# The agricultural drought monitor: pipeline, map app and Dagster in one image.
# The command chooses what runs: see docker-compose.yml and docs/operations.md.

# Any image with Python 3.11 to 3.13, its venv module and pip.
ARG BASE_IMAGE=python:3.13-slim

# The libraries: this layer changes only with requirements.txt. All come as wheels, so no compiler.
# Their own tests and the source maps of their JavaScript are a tenth of the size: out.
FROM ${BASE_IMAGE} AS libraries
COPY requirements.txt /src/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes -r /src/requirements.txt \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} + \
    && find /opt/venv -name '*.map' -delete

# The project: code, app and embedded data side by side in /app, bytecode compiled by pip.
FROM libraries AS project
WORKDIR /src
COPY pyproject.toml LICENSE README.md ./
COPY assets_data assets_data
COPY geo_pipeline geo_pipeline
COPY panel_app panel_app
RUN pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-build-isolation --target /app .

FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="Agricultural drought monitor of France" \
      org.opencontainers.image.description="Dagster and DuckDB pipeline by département, with a Panel map app and the embedded observations" \
      org.opencontainers.image.licenses="MIT"

# A fixed number: an orchestrator can tell that it is not root, and volumes keep their owner.
RUN groupadd --gid 10001 drought \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent drought \
    && install -d -o drought -g drought /data

# Both stay root's: what runs cannot change its own code.
COPY --from=libraries /opt/venv /opt/venv
COPY --from=project /app /app

# Bytecode is in the image; nothing is written beside the code.
ENV PATH=/app/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GEO_PIPELINE_HOME=/data \
    DAGSTER_HOME=/data/dagster

WORKDIR /app
USER 10001:10001
VOLUME /data

# The one command that needs nothing but the image: everything on the embedded data, maps exported.
CMD ["geo-pipeline", "run"]
