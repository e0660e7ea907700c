# Bobby in a container; docs/deploying.md says how to build and run it.
#
# It ends with 78 where a setting, the token or an intent is wrong, and waits for anything that passes:
# `--restart on-failure:5` starts it again after a crash, and not for ever.
#
# TORCH_INDEX chooses the PyTorch: the default is for processors, .../whl/cu128 for GPUs.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /src
RUN python -m venv /opt/bobby
RUN /opt/bobby/bin/pip install --no-cache-dir torch torchvision --index-url ${TORCH_INDEX}
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY models models
RUN /opt/bobby/bin/pip install --no-cache-dir .

FROM python:${PYTHON}-slim
COPY --from=build /opt/bobby /opt/bobby
RUN useradd --system --create-home --home-dir /var/lib/bobby bobby \
    && mkdir -p /var/cache/bobby && chown bobby:bobby /var/cache/bobby
ENV PATH=/opt/bobby/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BOBBY_CACHE=/var/cache/bobby \
    BOBBY_DATA=/var/lib/bobby \
    BOBBY_METRICS_PORT=9090
USER bobby
WORKDIR /var/lib/bobby
VOLUME ["/var/cache/bobby", "/var/lib/bobby"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["bobby", "status"]
STOPSIGNAL SIGTERM
CMD ["bobby", "run"]
