# Two images out of one build: `app` with the programs api, worker and postrider,
# and `web`, Caddy with the interface's files in front of the API.

FROM node:20-bookworm-slim AS spa
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --omit=dev --no-progress
COPY frontend ./
RUN npm run --silent build

FROM golang:1.26-bookworm AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=spa /src/frontend/dist frontend/dist
ARG VERSION=dev
RUN go build -trimpath -buildvcs=false -o /out/ \
      -ldflags "-s -w -X github.com/postrider/postrider/pkg/app.Version=${VERSION}" \
      ./cmd/api ./cmd/worker ./cmd/postrider

FROM alpine:3.22 AS app
RUN apk add --no-cache ca-certificates \
    && adduser -D -H -u 10001 postrider \
    && install -d -o postrider -g postrider /data
COPY --from=build /out/ /usr/local/bin/
COPY LICENSE /usr/share/licenses/postrider/LICENSE
USER postrider
# For `postrider up`: the embedded mode keeps everything here.
ENV POSTRIDER_DATA_DIR=/data
VOLUME /data
WORKDIR /data
EXPOSE 8080
CMD ["postrider", "--help"]

FROM caddy:2-alpine AS web
RUN adduser -D -H -u 10001 postrider
# It has nothing to keep: no certificates, no configuration of its own.
ENV XDG_DATA_HOME=/tmp XDG_CONFIG_HOME=/tmp
COPY frontend/Caddyfile /etc/caddy/Caddyfile
COPY --from=spa /src/frontend/dist /srv
USER postrider
EXPOSE 8080
