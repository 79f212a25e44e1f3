#!/bin/sh
# Makes the whole system what `tools/container/backup.sh` has saved in FOLDER, also on an empty machine:
#     sh tools/container/restore.sh FOLDER
# What was in the home is moved aside within it (`before-restore`); Dagster's records are replaced.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?name a folder}
test -s "$folder/records.dump" && test -s "$folder/home.tar"

docker compose stop app dagster-webserver dagster-daemon dagster-code
docker compose up --detach --wait postgres
docker compose run --rm -T --no-deps pipeline geo-pipeline restore --replace - <"$folder/home.tar"
docker compose exec -T postgres pg_restore --username=dagster --dbname=dagster --clean --if-exists \
    --no-owner --single-transaction <"$folder/records.dump"
docker compose up --detach
