# The operator and the embedded registry in one image. `make image` builds it, docs/installation.md says how it is used.

# A release names the base by its digest: --build-arg DEBIAN=docker.io/library/debian@sha256:…
ARG DEBIAN=docker.io/library/debian:bookworm-slim

FROM ${DEBIAN} AS build
WORKDIR /src
COPY tools/setup tools/setup
RUN tools/setup --programs
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY controller controller
COPY registry registry
# What ccache keeps makes the next build faster, nothing else.
RUN --mount=type=cache,id=apiclient-ccache,target=/root/.cache/ccache \
    cmake --preset release \
    && cmake --build --preset release \
    && cmake --install build/release --strip --prefix /image/usr/local
# What is part of the programs without a library of its own in the image has its licence there, and its entry for scanners.
RUN for package in libcli11-dev libsqlitecpp-dev nlohmann-json3-dev; do \
      install -D -m 644 -t "/image/usr/share/doc/$package" "/usr/share/doc/$package/copyright" \
      && mkdir -p /image/var/lib/dpkg/status.d \
      && dpkg-query --status "$package" >"/image/var/lib/dpkg/status.d/$package" \
      || exit 1; \
    done
COPY LICENSE /image/usr/share/doc/apiclient-operator/copyright

FROM ${DEBIAN}
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      ca-certificates tzdata \
      libcjose0 libcpp-httplib0.11 libcpprest2.10 libdate-tz3 libfmt9 libprometheus-cpp-core1.0 libspdlog1.10 \
      libsqlite3-0 libssl3 libstdc++6 libyaml-cpp0.7 \
    # Nobody becomes somebody else in it.
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /tmp/* /var/tmp/*
COPY --from=build /image/ /

ARG DEBIAN
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="apiclient-operator" \
      org.opencontainers.image.description="OAuth 2.0 API clients as Kubernetes objects: operator and embedded registry" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${DEBIAN}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 65532:65532
# No ENTRYPOINT: a Pod names one of the two programs.
CMD ["apiclient-controller"]
