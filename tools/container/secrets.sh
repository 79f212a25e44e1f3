#!/bin/sh
# Makes the secrets of docker-compose.yml that are not there yet, in `secrets` beside it:
#     sh tools/container/secrets.sh [FOLDER]
# The folder is its owner's alone. The files in it can be read by all, since each container has a user
# of its own. Replace tls_certificate and tls_key by your own. Needs openssl.
set -eu
folder=${1:-$(dirname "$0")/../../secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

# made NAME COMMAND...: the output of a command, unless there is one.
made() {
    name=$1
    shift
    [ -e "$name" ] && return 0
    "$@" >"$name.part"
    mv "$name.part" "$name"
    echo "made $name" >&2
}

made postgres_password openssl rand -hex 24
made app_cookie_secret openssl rand -hex 32
# Keys of the object store: those of the pipeline, and the app's, which only read.
made store_key_id openssl rand -hex 10
made store_key openssl rand -hex 20
made store_reader_key_id openssl rand -hex 10
made store_reader_key openssl rand -hex 20
made store_users cat <<USERS
{"identities": [
 {"name": "pipeline", "credentials": [{"accessKey": "$(cat store_key_id)", "secretKey": "$(cat store_key)"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
 {"name": "app", "credentials": [{"accessKey": "$(cat store_reader_key_id)", "secretKey": "$(cat store_reader_key)"}],
  "actions": ["Read", "List"]}]}
USERS
if [ ! -e dagster_users ]; then
    password=$(openssl rand -hex 12)
    made dagster_users printf 'dagster:%s\n' "$(printf %s "$password" | openssl passwd -6 -stdin)"
    echo "Dagster's pages: user dagster, password $password (it is not kept: note it now)" >&2
fi
if [ ! -e tls_key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout tls_key -out tls_certificate 2>/dev/null
    echo "made tls_key and tls_certificate, for localhost" >&2
fi
chmod 644 ./*
