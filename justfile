# Recipes of the drought monitor. Each sets up what it needs: `just run` is enough on a fresh machine.
# Needs Python 3.11 to 3.13; uses uv where it is installed, else pip.

set shell := ["sh", "-eu", "-c"]
# Options reach the commands as they were typed, spaces and all.
set positional-arguments

python := env("PYTHON", "python3")
venv := ".venv"
bin := venv / "bin"
peers := ".venv-peers"

# Many processes are started here: none is to compile the code that another has compiled.
export PYTHONDONTWRITEBYTECODE := ""

# List the recipes
default:
    @just --list --unsorted

# All départements on the embedded data, maps exported (options are handed on: --departements 31,32)
run *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline run "$@"

# The weather of today and since 1991, step by step, no key: `just live --plan` tells what it takes
live *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline live "$@"

# The map app on what `just run` made, at http://localhost:5006
app port="5006": (_environment "requirements.txt")
    @{{ bin }}/python -m panel_app --port {{ port }}

# Dagster's pages, at http://localhost:3000
dagster *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline dagster "$@"

# One or some départements alone: `just materialize 31`
materialize +departements: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline materialize "$@"

# A map, table or bulletin as a file: `just export map --indicator spi_3 --period 2022-08`
export *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline export "$@"

# What the lake holds and when it was published
status *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline status "$@"

# A run of its own for each département, in the queue of `just dagster`
backfill *options: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline backfill "$@"

# Check this installation
doctor: (_environment "requirements.txt")
    @{{ bin }}/geo-pipeline doctor

# The tests that a change needs, three at a time (`just test -n 0 -x`: one, till it fails)
test *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m pytest --ignore=tests/browser -m "not slow and not drill" -n 3 --dist loadfile "$@"

# The slow ones: real kills, whole-France runs, PostgreSQL, daemons, servers
test-slow *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m pytest --ignore=tests/browser -m "slow and not drill" -n 3 --dist loadfile "$@"

# The longest of the slow ones, minutes each; CI leaves them out: run them before a release
test-drills *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m pytest --ignore=tests/browser -m drill -n 3 --dist loadfile "$@"

# All tests: those of `just test`, the slow ones, the drills, those in Chromium
test-all: test test-slow test-drills test-browser

# The tests that need Chromium, two at a time (PICTURES=1 keeps pictures in tests/browser/artefacts)
test-browser *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m pytest tests/browser -n 2 --dist loadfile "$@"

# Style, types and unsafe code: Python, JavaScript, SQL
lint: (_environment "requirements-dev.txt")
    @{{ bin }}/ruff check .
    @{{ bin }}/ruff format --check .
    @{{ bin }}/oxlint geo_pipeline panel_app
    @{{ bin }}/sqruff lint geo_pipeline/sql
    @{{ bin }}/mypy
    @{{ bin }}/bandit --quiet --configfile pyproject.toml --recursive geo_pipeline panel_app

# Known weaknesses of the pinned packages, by the package index; without a network: `just audit --copy all.zip`
audit *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.audit "$@"

# The bill of materials of what the image runs (CycloneDX): dist/geo-pipeline.cdx.json
sbom: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.materials dist/geo-pipeline.cdx.json

# Put the code into shape
format: (_environment "requirements-dev.txt")
    @{{ bin }}/ruff check --fix .
    @{{ bin }}/ruff format .

# Measure all: starts, runs with and without Dagster, long records on two cores, the app in Chromium, Dagster, indicators, what may come, bulletins, sources
bench: bench-start bench-runs bench-growth bench-cells bench-store bench-app bench-api bench-dagster bench-indicators bench-outlook bench-yields bench-bulletins bench-sources

# Measure how long commands take to start, as ratios to what Dagster alone takes to load
bench-start: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.start

# Measure a run of the whole of France, and the same work without Dagster and without checks
bench-runs: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.runs

# Measure soil water and indicators for 12 to 65 years and 12 to 101 départements, on one core and on two
bench-growth *size: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.growth "$@"

# Measure the tables by cell of SIM2 for 12 to 65 years, in one process and in two
bench-cells *years: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.cells "$@"

# Measure a day more after a long record, by step: `just bench-fresh-day 65 101` years, départements
bench-fresh-day *size: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.fresh_day "$@"

# Measure `geo-pipeline live` from nothing on grid files of full size: `just bench-live 10` years
bench-live *years: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.live "$@"

# Measure the lake in an object store beside a folder: partitions, a run of three départements
bench-store: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.store

# Each measurement at its smallest: that it works, not what it says
bench-smallest: (_environment "requirements-dev.txt") (_environment "requirements-peers.txt" peers)
    @find benchmarks -name '*.py' ! -name common.py | sort | PEERS_PYTHON={{ peers }}/bin/python \
        xargs -n 1 sh -euc '{{ bin }}/python -m "benchmarks.$(basename "$0" .py)" --smallest'

# Measure the app in Chromium, on what `just run` made: paint, steps, pages, 25 readers, memory
bench-app: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.app

# Measure the data for programs, and the app's steps beside 50 clients, on what `just run` made
bench-api: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.api

# Measure two processes of the app behind HAProxy: `just bench-readers 500`, on what `just run` made
bench-readers *readers: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.readers "$@"

# Measure Dagster: its overhead, its pages with 10,000 materialisations, definitions; `... separate 6` runs
bench-dagster *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.instance "$@"

# Measure the indicators beside climate-indices and xclim: `just bench-indicators 96` places
bench-indicators *places: (_environment "requirements-dev.txt") (_environment "requirements-peers.txt" peers)
    @PEERS_PYTHON={{ peers }}/bin/python {{ bin }}/python -m benchmarks.indicators "$@"

# Measure the outlook of soils with all its hindcasts
bench-outlook: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.outlook

# Measure yields: features, skill with permutations, what is told
bench-yields: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.yields

# Measure the bulletins of all départements in two languages, beside Typst alone
bench-bulletins: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m benchmarks.bulletins

# Measure the sources: SIM2 beside pandas and polars (one year), zones beside geopandas, the door to the network
bench-sources: (_environment "requirements-dev.txt") (_environment "requirements-peers.txt" peers)
    @PEERS_PYTHON={{ peers }}/bin/python {{ bin }}/python -m benchmarks.sources
    @{{ bin }}/python -m benchmarks.zones
    @{{ bin }}/python -m benchmarks.door

# A wheel with the embedded data inside, in dist/: `pip install` of it gives `geo-pipeline`, in any folder
build: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m hatchling build -t wheel

# Take the README's pictures anew, of what `just run` made
pictures: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.pictures

# A demonstration that runs by itself in ten minutes: pipeline, a repaired fault, an alert, maps, the app (`just demo --help`)
demo *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.demo "$@"

# An hour of runs, kills, publications and readers: does anything leak, get lost or lock? (`just soak --minutes 5`)
soak *options: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.soak "$@"

# Write the slides of the presentation (French), with figures and pictures of what `just run` made
soutenance: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.presentation

# Fit the water that soils hold on Météo-France's normals: writes assets_data/soil_storage.csv
soils: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.soils
    @{{ bin }}/python assets_data/build/provenance.py

# Compare the indicators with nature: writes docs/against_nature.md from what `just run` made
nature: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.nature

# Tell what soils may hold and how well that was told: writes docs/outlook.md from what `just run` made
outlook: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.outlook

# Tell how yields are told and how well: writes docs/model_card.md from what `just run` made
model-card: (_environment "requirements-dev.txt")
    @{{ bin }}/python -m tools.model_card

# Write anew what the code says itself: data dictionary, indicators, settings, licences
docs: (_environment "requirements-dev.txt")
    @{{ bin }}/python -c 'from geo_pipeline.table_rows import dictionary; print(dictionary(), end="")' > docs/data_dictionary.md
    @{{ bin }}/python -m tools.documents

# Pin the requirements anew, with hashes and without addresses (needs uv)
lock:
    uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "just lock" pyproject.toml --group build -o requirements.txt
    uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "just lock" pyproject.toml --group build --extra celery --extra k8s -c requirements.txt -o requirements-cluster.txt
    uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "just lock" pyproject.toml --group build --extra dev --extra celery --extra k8s -c requirements.txt -c requirements-cluster.txt -o requirements-dev.txt
    uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "just lock" --group build --group peers -c requirements.txt -o requirements-peers.txt

# An environment with what `requirements` names; costs nothing when it is up to date
_environment requirements place=venv:
    #!/bin/sh
    set -eu
    stamp={{ place }}/{{ requirements }}
    # The development environment holds all of the runtime one.
    for done in "$stamp" {{ place }}/requirements-dev.txt; do
        if cmp -s "$done" "$(basename "$done")" && [ -x {{ place }}/bin/geo-pipeline ] \
            && [ "$(cat {{ place }}/project 2>/dev/null)" = "$PWD" ]; then exit 0; fi
    done
    echo "setting up {{ place }} from {{ requirements }} ..." >&2
    {{ python }} -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + ": set PYTHON=python3.12 or the like")'
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --allow-existing --python "$({{ python }} -c 'import sys; print(sys.executable)')" {{ place }}
        uv pip install --quiet {{ if place == venv { "--compile-bytecode" } else { "" } }} --python {{ place }}/bin/python --require-hashes -r {{ requirements }}
        uv pip install --quiet --python {{ place }}/bin/python --no-deps --no-build-isolation -e .
    else
        {{ python }} -m venv {{ place }}
        {{ place }}/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r {{ requirements }}
        {{ place }}/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    fi
    cp {{ requirements }} "$stamp"
    echo "$PWD" > {{ place }}/project
