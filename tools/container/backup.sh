#!/bin/sh
# Backs the whole system up while it runs, into FOLDER: Dagster's records and the home.
#     sh tools/container/backup.sh FOLDER
# A file has its name once it is whole. Copy the folder to another machine; keep `secrets` elsewhere.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?name a folder}
mkdir -p "$folder"

docker compose exec -T postgres pg_dump --username=dagster --format=custom dagster >"$folder/records.part"
docker compose run --rm -T --no-deps pipeline geo-pipeline backup - >"$folder/home.part"
mv "$folder/records.part" "$folder/records.dump"
mv "$folder/home.part" "$folder/home.tar"
ls -l "$folder"
