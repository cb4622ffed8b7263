# syntax=docker/dockerfile:1
# One binary, non-root, one data volume:
#   docker build -t watchfire .
#   docker run -v "$PWD/config:/etc/watchfire:ro" -v watchfire-data:/var/lib/watchfire watchfire
# There are no tokens yet, so it serves the container's own loopback only, which is enough for alerts to run
# and to be sent.

FROM rust:1.95-slim-bookworm AS build
# A C compiler is all that the build needs beyond Rust (SQLite and ring are compiled).
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches outlive the step and the image does not carry them, so the binary is copied out.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package watchfire \
    && cp target/dist/watchfire /watchfire

FROM debian:bookworm-slim
# Certificates: webhooks and databases are reached over TLS.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/watchfire --create-home watchfire
COPY --from=build /watchfire /usr/local/bin/watchfire
USER watchfire
# The volume takes the owner of the folder in the image, so that the user above may write to it.
VOLUME /var/lib/watchfire
WORKDIR /var/lib/watchfire
EXPOSE 4318
# SIGTERM, which `docker stop` sends, drains and exits 0; a request in flight is given up to 15 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["watchfire"]
CMD ["serve", "--config", "/etc/watchfire", "--data", "/var/lib/watchfire"]
