# The agricultural drought monitor: pipeline, map app and Dagster in one image.
# The command chooses what runs: see docker-compose.yml and docs/operations.md.

# Any image with Python 3.11 to 3.13, its venv module and pip.
ARG BASE_IMAGE=python:3.13-slim
# Seconds since 1970 that every file and bytecode is dated with: the same sources give the same image.
ARG SOURCE_DATE_EPOCH=1767225600

# The libraries: this layer changes only with requirements.txt. All come as wheels, so no compiler.
# requirements-cluster.txt adds what several machines need: workers of Celery, jobs of Kubernetes.
FROM ${BASE_IMAGE} AS libraries
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-cluster.txt /src/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-compile --require-hashes -r "/src/$REQUIREMENTS"

# The project: code, app and embedded data side by side in /app.
FROM libraries AS project
WORKDIR /src
COPY pyproject.toml LICENSE README.md ./
COPY assets_data assets_data
COPY geo_pipeline geo_pipeline
COPY panel_app panel_app
RUN pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-compile --no-deps --no-build-isolation --target /app .

# What no role runs goes; then each role works once. So a build ends where something goes that is
# needed, and only what was imported has bytecode.
FROM project AS slim
ARG SOURCE_DATE_EPOCH
COPY tools/container/slim.py tools/container/try.sh /src/
RUN site=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    && python /src/slim.py trim "$site" \
    && PATH=/app/bin:/opt/venv/bin:$PATH PYTHONPATH=/app sh /src/try.sh \
    && find /app -name '*.py' ! -path '*/bin/*' -exec /opt/venv/bin/python -m compileall -q {} + \
    && PYTHONHASHSEED=0 /opt/venv/bin/python /src/slim.py compile "$site" /app \
    && find /opt/venv /app -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

# The base without what installs, documents and translates it, and with the user of all roles: a
# fixed number, so that an orchestrator can tell that it is not root, and volumes keep their owner.
FROM ${BASE_IMAGE} AS base
ARG SOURCE_DATE_EPOCH
RUN rm -rf /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/python-wheels \
        /usr/lib/python3/dist-packages/pip* /usr/lib/python3*/ensurepip /usr/lib/python3*/test \
        /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip \
        /usr/local/lib/python3*/idlelib /usr/local/lib/python3*/turtledemo /usr/local/bin/pip* \
        /usr/bin/pip* /usr/bin/apt* /usr/bin/sqv /usr/lib/apt /usr/lib/*-linux-gnu/libapt-* \
        /usr/bin/perl* /usr/lib/*-linux-gnu/perl* /usr/share/perl* /usr/lib/*-linux-gnu/gconv \
        /var/cache/* /var/lib/apt /var/log/* /tmp/* /root/.cache \
    && echo 'drought:x:10001:' >> /etc/group \
    && echo 'drought:x:10001:10001::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
    && install -d -o 10001 -g 10001 /data \
    && find / -xdev -writable -newermt "@$SOURCE_DATE_EPOCH" ! -path '/proc/*' ! -path '/sys/*' \
        ! -path '/dev/*' -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM scratch

LABEL org.opencontainers.image.title="Agricultural drought monitor of France" \
      org.opencontainers.image.description="Dagster and DuckDB pipeline by département, with a Panel map app and the embedded observations" \
      org.opencontainers.image.licenses="MIT"

# All stay root's: what runs cannot change its own code.
COPY --from=base / /
COPY --from=slim /opt/venv /opt/venv
COPY --from=slim /app /app

# Bytecode is in the image; nothing is written beside the code.
ENV PATH=/app/bin:/opt/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin \
    LANG=C.UTF-8 \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GEO_PIPELINE_HOME=/data \
    DAGSTER_HOME=/data/dagster

WORKDIR /app
USER 10001:10001
VOLUME /data

# Finds out by itself which role it has. Compose says it by name; a run without a service is healthy.
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s CMD ["geo-pipeline", "health"]

# The one command that needs nothing but the image: everything on the embedded data, maps exported.
CMD ["geo-pipeline", "run"]
