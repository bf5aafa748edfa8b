# The server on an empty image: one program, the C library it is linked with, certificate authorities.
# Needs BuildKit (the default builder of Docker since 23.0).

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
# Compiled dependencies stay in caches of the builder, so that a change of the sources compiles only the sources.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    cargo build --release --locked --bin usher \
 && install -D target/release/usher /image/usr/local/bin/usher
# Everything else the image holds. `ldd` names the libraries and the loader with their places; the program starts with
# no more than them.
RUN set -eu; \
    test -s /etc/ssl/certs/ca-certificates.crt; \
    cd /image && mkdir -p etc/ssl/certs; \
    cp -L /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/; \
    ldd usr/local/bin/usher | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} .; \
    echo 'hosts: files dns' > etc/nsswitch.conf; \
    echo 'usher:x:65532:65532:usher:/data:/' > etc/passwd; \
    echo 'usher:x:65532:' > etc/group; \
    mkdir -p /owned/data /owned/tmp; \
    chroot /image /usr/local/bin/usher --help > /dev/null

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /owned/ /
ENV PATH=/usr/local/bin \
    USHER_LISTEN=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/usher.db
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/bin/usher", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/usher"]
