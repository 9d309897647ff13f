# syntax=docker/dockerfile:1
# MediaNest with everything that it starts: yt-dlp, its JavaScript engine, and ffmpeg.

FROM rust:1-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin medianest \
    && cp target/release/medianest /medianest

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates ffmpeg tini \
    && rm -rf /var/lib/apt/lists/*
# The distribution's yt-dlp is years old. The version is printed, so that the build log tells it.
RUN python -m venv /opt/yt-dlp \
    && /opt/yt-dlp/bin/pip install --no-cache-dir "yt-dlp[default,deno]" \
    && /opt/yt-dlp/bin/yt-dlp --version

RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin medianest \
    && mkdir -p /data /downloads \
    && chown medianest:medianest /data /downloads
COPY --from=build /medianest /usr/local/bin/medianest

ENV MEDIANEST_LISTEN=0.0.0.0:8484 \
    MEDIANEST_DATA_DIR=/data \
    MEDIANEST_DOWNLOADS_DIR=/downloads \
    MEDIANEST_YTDLP=/opt/yt-dlp/bin/yt-dlp
USER medianest
WORKDIR /data
VOLUME ["/data", "/downloads"]
EXPOSE 8484
# A job is its own session and is ended by its runner; tini is there for whatever is left over.
ENTRYPOINT ["tini", "-g", "--", "medianest"]
CMD ["serve"]
# Ten seconds for the portal to stop by itself: docker stop --time 15, or stop_grace_period in compose.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["medianest", "healthcheck"]
