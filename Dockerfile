FROM rust:1.95-bookworm AS build
WORKDIR /src
# GraphiQL is bundled with it; nothing of it is in the image.
COPY --from=node:22-bookworm-slim /usr/local/ /usr/local/
COPY . .
RUN cargo build --release --locked

# The same Debian as the builder: the binary is linked against its libc.
FROM debian:bookworm-slim
# What webhooks are sent to is known by its certificate.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
# A number, so that an orchestrator can see that it is not root.
RUN groupadd --gid 10001 alliance \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin alliance \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=build /src/target/release/alliance /usr/local/bin/alliance
# Whom the program believes where it asks others by TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 10001:10001
# Where relative paths end up: the SQLite file and the key file, unless the settings say otherwise.
WORKDIR /data
VOLUME /data
# Loopback, the default outside a container, could not be reached from here.
ENV ALLIANCE_LISTEN=0.0.0.0:8080
EXPOSE 8080
# The binary asks itself, because the image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["alliance", "healthcheck"]
ENTRYPOINT ["alliance"]
CMD ["serve"]
