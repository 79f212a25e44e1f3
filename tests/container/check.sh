#!/usr/bin/env bash
# Builds the image of the Dockerfile and starts each of its roles, without a Docker engine: with
# buildah, and a base image made from Debian's packages unless BASE_IMAGE names one.
# Needs root, buildah and debootstrap (Debian), a network for the packages, 6 GB of disk and some
# ten minutes. BUD_OPTIONS are handed on to the build (a pip.conf or certificates to be mounted).
# With TWICE=yes it builds a second time, and fails where the two are not the same image.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}

scratch=$(mktemp -d)
started=()
containers=()
finish() {
    for each in "${started[@]}"; do kill -- "-$each" 2>/dev/null || true; done
    for each in "${containers[@]}"; do buildah rm "$each" >/dev/null || true; done
    rm -rf "$scratch"
}
trap finish EXIT
set -m

step() { printf '== %s (%s s so far)\n' "$1" "$SECONDS"; }

base_image() {
    local root=$scratch/rootfs base
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
        trixie "$root" >"$scratch/debootstrap.log"
    ln -s /usr/bin/python3 "$root/usr/local/bin/python"
    rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    base=$(buildah from scratch)
    buildah copy -q "$base" "$root" / >/dev/null
    buildah config --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
    buildah commit -q --rm "$base" localhost/drought-base >/dev/null
    rm -rf "$root"
    echo localhost/drought-base
}

# inside COMMAND...: run it in a container of the image, with the volume at /data, and no network
# but that of the machine. What it writes beside the volume is lost with the container.
inside() { buildah run --network host --volume "$volume:/data" "$container" -- "$@"; }

# role NAME COMMAND...: start it beside what follows.
role() {
    local name=$1
    shift
    timeout 900 buildah run --network host --volume "$volume:/data" --env DAGSTER_CODE_HOST=127.0.0.1 \
        --env DAGSTER_CODE_PORT=4900 "$container" -- "$@" \
        >"$scratch/$name.log" 2>&1 </dev/null &
    started+=("$!")
}

# until_it_is NAME COMMAND...: wait for the command to end with 0, some minutes at most.
until_it_is() {
    local name=$1 end=$((SECONDS + 300))
    shift
    until "$@" >"$scratch/asked" 2>&1; do
        if [ "$SECONDS" -gt "$end" ]; then
            echo "$name does not answer:" >&2
            cat "$scratch/asked" "$scratch/$name.log" >&2
            exit 1
        fi
        sleep 2
    done
    echo "$name answers"
}

# build TAG: the image of the Dockerfile, with nothing kept of earlier builds. Prints its id.
build() {
    # shellcheck disable=SC2086
    buildah bud --quiet --no-cache --network host ${BUD_OPTIONS:-} --build-arg BASE_IMAGE="$base" \
        --timestamp "$(sed -n 's/^ARG SOURCE_DATE_EPOCH=//p' Dockerfile)" --tag "$1" .
}

# files IMAGE: each file of an image with kind, mode, owner, time, target of a link, and its bytes.
files() {
    local container root
    container=$(buildah from "$1")
    root=$(buildah mount "$container")
    (
        cd "$root"
        find . -xdev -printf '%p %y %m %U:%G %T@ %l\n'
        find . -xdev -type f -exec sha256sum {} +
    ) | LC_ALL=C sort
    buildah rm "$container" >/dev/null
}

step "the base image"
base=${BASE_IMAGE:-$(base_image)}

step "the image"
image=$(build localhost/drought)
buildah images localhost/drought
bytes=$(buildah images --json localhost/drought | sed -n 's/.*"size": "\([0-9.]* [kMG]B\)".*/\1/p' | head -1)
case $bytes in
    [1-7][0-9][0-9]*" MB") ;;
    *) echo "the image has $bytes: more than 800 MB" >&2; exit 1 ;;
esac

if [ -n "${TWICE:-}" ]; then
    step "the same sources give the same image"
    again=$(build localhost/drought-again)
    if [ "$image" != "$again" ]; then
        echo "$image and $again differ:" >&2
        diff <(files "$image") <(files "$again") >&2 || true
        exit 1
    fi
    echo "$image twice"
fi

container=$(buildah from localhost/drought)
containers+=("$container")
buildah config --volume /data- "$container"
volume=$scratch/volume
install -d -o 10001 -g 10001 "$volume"

step "who runs in it: no root, and the code is not its own"
[ "$(inside id -u)" = 10001 ]
! inside touch /app/written 2>/dev/null

step "the pipeline: prepared, then a run of two départements"
inside geo-pipeline dagster --prepare
inside geo-pipeline run --departements 31,32 >"$scratch/run.log" 2>&1 || { cat "$scratch/run.log"; exit 1; }
inside geo-pipeline status >/dev/null
test -f "$volume/published/drought.duckdb"

step "the app, Dagster's code, pages and daemon, as docker-compose.yml has them but for hosts and ports"
workspace=/app/geo_pipeline/platform/workspace.yaml
role app python -m panel_app --address=127.0.0.1 --port=5906 --origin=127.0.0.1:5906
role code dagster code-server start --host 127.0.0.1 --port 4900 --module-name geo_pipeline.definitions
until_it_is code inside geo-pipeline health code --url 127.0.0.1:4900
role webserver dagster-webserver -h 127.0.0.1 -p 3900 -w "$workspace"
role daemon dagster-daemon run -w "$workspace"
asking='from sys import argv; from urllib.request import urlopen; print(urlopen(argv[1], timeout=10).read(200))'
until_it_is app inside python -c "$asking" http://127.0.0.1:5906/health
until_it_is webserver inside geo-pipeline health webserver --url http://127.0.0.1:3900
until_it_is daemon inside geo-pipeline health daemon

step "a backup, and the home it is restored into"
inside geo-pipeline backup /data/home.tar
inside env GEO_PIPELINE_HOME=/tmp/restored geo-pipeline restore /data/home.tar

step "done"
