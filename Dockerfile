# syntax=docker/dockerfile:1
# The lab in one image, for amd64 and arm64. What is in its last stage is stated in tools/image/, from which
# tools/image/rootfs builds the same without Docker, for the tests.
#
#   docker build --build-arg PYK8S_COMMIT=$(git rev-parse --short HEAD) -t pyk8s-lab .
#
# The Debian of all stages.
ARG DEBIAN=bookworm
# Which Kubernetes tools are in it: kubernetes kwok etcd helm, and kind where a Docker socket will be given.
ARG TOOLS="kubernetes kwok etcd helm"
# yes: Docker's client, for kind and k3d.
ARG DOCKER=no
# A version of k3d, "v5.8.3"; none without.
ARG K3D=""

# --- the scripts that the pages load ---------------------------------------------------------------------
FROM node:22-${DEBIAN}-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --no-audit --no-fund
RUN mkdir -p static/vendor && cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx-ext-ws/ws.js static/vendor/

# --- the Kubernetes binaries: downloaded with their checksums, else compiled ---------------------------------
FROM golang:1.26-${DEBIAN} AS kube
ARG TOOLS
WORKDIR /src
COPY tools/kube tools/kube
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \
    KUBE_BIN_DIR=/kube tools/kube/install $(printf -- '--only %s ' ${TOOLS})

# --- the server and the command line --------------------------------------------------------------------
FROM rust:1.95-${DEBIAN} AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libpq-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY cli cli
COPY migrations migrations
COPY src src
COPY static static
COPY templates templates
COPY tests/bench/bare.rs tests/bench/bare.rs
COPY --from=assets /src/static/vendor static/vendor
ARG PYK8S_COMMIT=unknown
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    PYK8S_COMMIT=${PYK8S_COMMIT} cargo build --release --locked --workspace --bins \
    && mkdir /binaries && cp target/release/pyk8s-lab target/release/pyk8s /binaries/

# --- what is the lab's own, at its place ------------------------------------------------------------------
FROM build AS assemble
ARG TOOLS
COPY tools/image tools/image
COPY --from=kube /kube /kube
RUN tools/image/assemble /out /binaries /kube ${TOOLS}

# --- what only kind and k3d need --------------------------------------------------------------------------
FROM debian:${DEBIAN}-slim AS docker-no
RUN mkdir -p /out/usr/local/bin
FROM docker:29-cli AS docker-yes
RUN mkdir -p /out/usr/local/bin && cp /usr/local/bin/docker /out/usr/local/bin/
FROM docker-${DOCKER} AS docker

FROM kube AS k3d
ARG K3D
RUN mkdir -p /out && if [ -n "${K3D}" ]; then \
      mkdir -p "/out/opt/kube/k3d-${K3D}" && cd "/out/opt/kube/k3d-${K3D}" && arch=$(dpkg --print-architecture) \
      && release=https://github.com/k3d-io/k3d/releases/download/${K3D} \
      && curl -fsSLO "${release}/k3d-linux-${arch}" && curl -fsSL "${release}/checksums.txt" \
      | sed -n "s#\(_dist/\)\{0,1\}\(k3d-linux-${arch}\)\$#\2#p" | sha256sum --check --strict \
      && mv "k3d-linux-${arch}" k3d && chmod 0755 k3d; fi

# --- the image ---------------------------------------------------------------------------------------------
FROM debian:${DEBIAN}-slim
RUN --mount=type=bind,source=tools/image/system,target=/tmp/system /tmp/system
COPY --from=assemble /out/ /
COPY --from=docker /out/ /
COPY --from=k3d /out/ /

ARG PYK8S_COMMIT=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="PyK8s-Lab" \
      org.opencontainers.image.description="A self-service lab that hands a person a real Kubernetes cluster within seconds" \
      org.opencontainers.image.source="https://github.com/pyk8s-lab/pyk8s-lab" \
      org.opencontainers.image.documentation="https://github.com/pyk8s-lab/pyk8s-lab#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${PYK8S_COMMIT}"

# kubectl and helm keep caches in HOME: where the root can't be written, /tmp can.
ENV LISTEN_ADDR=0.0.0.0:8080 DATA_DIR=/var/lib/pyk8s-lab KUBE_BIN_DIR=/opt/kube HOME=/tmp
USER 10001:10001
VOLUME /var/lib/pyk8s-lab
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=6 \
  CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8080/health/live"]
ENTRYPOINT ["tini", "--", "pyk8s-lab"]
CMD ["serve"]
