# syntax=docker/dockerfile:1
# One binary, non-root, one data volume:
#   docker build -t watchfire .
#   docker run --name watchfire --env-file watchfire.env \
#       -v "$PWD/watchfire:/etc/watchfire:ro" -v watchfire-data:/var/lib/watchfire watchfire
#   docker stop -t 35 watchfire
# `watchfire/` is your folder of definitions, `watchfire.env` holds what they take from the environment
# (`SLACK_URL=https://…`, a line each, without quotes). A folder of yours in the place of the volume must belong
# to uid 10001: `sudo chown 10001 DIR`.
#
# Without tokens it serves the container's own loopback only, which is enough for alerts to run and to be sent:
# `docker exec CONTAINER watchfire health` and the other commands reach it there. With a token in `projects:` let it
# listen to others: `-e WATCHFIRE_LISTEN=0.0.0.0:4318 -p 4318:4318`.

FROM rust:1.95-slim-bookworm AS build
# A C compiler is all that the build needs beyond Rust (SQLite and ring are compiled).
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The dependencies first, over empty rooms: this layer is built again only when a manifest changes.
COPY Cargo.toml Cargo.lock ./
COPY model/Cargo.toml model/
COPY alerts/Cargo.toml alerts/
COPY scheduler/Cargo.toml scheduler/
COPY channels/Cargo.toml channels/
COPY config/Cargo.toml config/
COPY ingest/Cargo.toml ingest/
COPY storage/Cargo.toml storage/
COPY sources/Cargo.toml sources/
COPY telemetry/Cargo.toml telemetry/
COPY store/Cargo.toml store/
COPY engine/Cargo.toml engine/
COPY server/Cargo.toml server/
COPY cli/Cargo.toml cli/
COPY tests/Cargo.toml tests/
COPY tests/bench/Cargo.toml tests/bench/
RUN for room in model alerts scheduler channels config ingest storage sources telemetry store engine server; do \
        mkdir -p "$room/src" && touch "$room/src/lib.rs" || exit 1; \
    done \
    && mkdir -p cli/src tests/harness \
    && echo 'fn main() {}' > cli/src/main.rs \
    && touch tests/harness/lib.rs \
    && echo 'fn main() {}' > tests/bench/main.rs \
    && cargo build --locked --profile dist --package watchfire
COPY . .
# What was copied may be older than what was built over the empty rooms; cargo goes by the time.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --locked --profile dist --package watchfire

FROM debian:bookworm-slim
# Certificates: channels and databases are reached over TLS.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/watchfire --create-home watchfire
COPY --from=build /src/target/dist/watchfire /usr/local/bin/watchfire
USER watchfire
# The volume takes the owner of the folder in the image, so that the user above may write to it.
VOLUME /var/lib/watchfire
WORKDIR /var/lib/watchfire
EXPOSE 4318
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["watchfire", "health"]
# SIGTERM, which `docker stop` sends, lets what is under way end and exits 0, within 30 s (`delivery.timeout` is 15 s).
# Docker kills after 10 s unless told otherwise: `docker stop -t 35`, or `stop_grace_period: 35s` in Compose. Nothing is
# lost by a kill, but a message may be sent twice.
STOPSIGNAL SIGTERM
ENTRYPOINT ["watchfire"]
CMD ["serve", "--config", "/etc/watchfire", "--data", "/var/lib/watchfire"]
