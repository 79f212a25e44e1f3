"""Assets of observations: weather, crop statistics, water restrictions.

When a provider fails for a département, its last good partition is kept and the others go on. The
failure is recorded (`storage.failures`) until it succeeds. A run of one département alone fails
with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import dagster as dg
import pandas as pd
import pyarrow as pa

from geo_pipeline.errors import GeoPipelineError, SourceError, StorageError
from geo_pipeline.files import write_text
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import cell_tables, france_tables
from geo_pipeline.runtime.grown_weather import grown_weather
from geo_pipeline.runtime.making import apart
from geo_pipeline.runtime.needed_weather import hash_of
from geo_pipeline.runtime.provider_notes import note
from geo_pipeline.runtime.providers import ProvidedStations
from geo_pipeline.runtime.table_assets import (
    check_kept,
    doubt,
    first_of,
    table_asset,
    tell_failure,
    write_partition,
    write_partitions,
    write_table,
)
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.sources.observed import FIRST_LIVE_DAY
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.threads import mapped
from geo_pipeline.transforms.provider_differences import History, history
from geo_pipeline.transforms.weather import with_et0
from geo_pipeline.words import Message

LEFT_OUT = "left_out"
"""Name of the check that reports stations or values that the reader of a source left out."""

NOT_ADJUSTED = "not_adjusted"
"""Name of the check that reports days of several providers that were joined as they are."""


@table_asset("weather_daily")
def weather_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Daily weather with reference evapotranspiration.

    Source: the provider that `GEO_PIPELINE_SOURCE` names, with that of `GEO_PIPELINE_HISTORY` for
    the days before it. Embedded (the default): AgERA5 (Copernicus licence, ECMWF) over the cropland
    of 94 départements, dekads of 2010-2022 without 2014, spread over their days and marked so. ET0
    after FAO-56 Penman-Monteith where the extremes of temperature are known, else after Turc.

    Cadence: daily (Open-Meteo, Météo-France), monthly (SIM2), never (embedded). Licences: CC BY 4.0
    (Open-Meteo), Licence Ouverte 2.0 (Météo-France).
    """
    settings, codes = workspace.settings, list(context.partition_keys)
    if settings.source == "bundled" and settings.history is None:
        source = workspace.bundled
        alone = [code for code in codes if not _provided(workspace, code)]
        codes = [code for code in codes if code not in alone]
        if alone:
            origin = source.provenance("weather_dekadal.parquet")
            for some, frame in apart(
                lambda these: with_et0(source.weather_daily(these, settings.since, settings.until)),
                alone,
                lambda code, error: tell_failure(
                    context, workspace, ("weather_daily", code), source.name, error
                ),
            ):
                write_partitions(
                    context, workspace, "weather_daily", frame, lambda _: origin, codes=some
                )
                for code in some:
                    doubt(workspace, ("weather_daily", code), LEFT_OUT, None)
                    doubt(workspace, ("weather_daily", code), NOT_ADJUSTED, None)
                    note(workspace, code, empty("provider_differences"))
                    cell_tables.note(workspace, code, ())
    for code, outcome in _fetched(workspace, codes):
        if isinstance(outcome, GeoPipelineError):
            failed = "weather_daily", code
            tell_failure(context, workspace, failed, settings.source, outcome)
            continue
        try:
            check_kept(workspace, "weather_daily", code, outcome.history.rows, settings.source)
        except SourceError as error:
            tell_failure(context, workspace, ("weather_daily", code), settings.source, error)
            continue
        joint, origin = outcome.history, outcome.provenance
        _tell_overlap(context, workspace, code, joint.overlap)
        note(workspace, code, joint.differences)
        cell_tables.note(workspace, code, outcome.grid_files)
        what = first_of(outcome.notes) if outcome.notes else None
        doubt(workspace, ("weather_daily", code), LEFT_OUT, what)
        doubt(workspace, ("weather_daily", code), NOT_ADJUSTED, joint.unadjusted)
        write_partition(
            context,
            workspace,
            "weather_daily",
            code,
            rows=joint.rows,
            provenance=origin,
            before=outcome.before,
        )
    return dg.MaterializeResult()


class Weather(NamedTuple):
    """Daily weather of one département, as its providers gave it."""

    history: History
    provenance: Provenance
    notes: list[Message]
    """What was left out or missing, one sentence each."""
    grid_files: list[str]
    """SHA-256 of the grid files that it is made from, the best first."""
    before: pa.Table | None = None
    """Rows of the lake that stay before those of `history`."""


def _fetched(
    workspace: Workspace, codes: Sequence[str]
) -> Iterator[tuple[str, Weather | GeoPipelineError]]:
    """Yield each département with its weather, or with the error; several are asked at a time."""
    if not codes:
        return
    settings, providers = workspace.settings, workspace.providers
    until = settings.until or datetime.now(UTC).date()
    firsts, places = providers.first_days(until), providers.places
    method = hash_of(("indicators", "transforms"), ())

    def fetch(code: str) -> Weather | GeoPipelineError:
        try:
            provided, chosen = _provided(workspace, code), providers.weather_of(code)
            since = firsts if len(chosen) == len(firsts) else firsts[-1:]
            parts = [
                provider.weather(code, first, until)
                for provider, first in [
                    *((each, firsts[-1]) for each in provided),
                    *zip(chosen, since, strict=True),
                ]
            ]
            left_out = [each for part in parts for each in part.notes]
            grid_files = [each for part in parts for each in part.grid_files]
            if len(parts) == 1 and len(parts[0].rows):
                grown = grown_weather(workspace.lake, code, parts[0].rows, places, method)
                origin = replace(parts[0].provenance, made_of=grown.made_of)
                return Weather(grown.history, origin, left_out, grid_files, grown.before)
            frames = [
                with_et0(part.rows, places) if len(part.rows) else empty("weather_daily")
                for part in parts
            ]
            joint = history(frames)
        except StorageError:
            raise  # a full disk is not the provider's fault: the other départements would fail too
        except GeoPipelineError as error:
            return error
        return Weather(joint, _joint(part.provenance for part in parts), left_out, grid_files)

    try:
        yield from zip(codes, mapped(fetch, codes, settings.workers), strict=True)
    finally:
        providers.release()


def _provided(workspace: Workspace, code: str) -> list[ProvidedStations]:
    """Return the station files of a département that came through the inbox: they take
    precedence."""
    settings = workspace.settings
    until = settings.until or datetime.now(UTC).date()
    return workspace.providers.stations(code, settings.since or FIRST_LIVE_DAY, until)


def _joint(parts: Iterator[Provenance]) -> Provenance:
    """Return one provenance for a history that several providers make up."""
    first, *others = parts
    if not others:
        return first
    every = [first, *others]
    digest = sha256("".join(each.sha256 for each in every).encode()).hexdigest()
    return Provenance(
        ", ".join(each.source for each in every),
        first.url,
        max(each.fetched_at for each in every),
        digest,
    )


def _tell_overlap(
    context: dg.AssetExecutionContext, workspace: Workspace, code: str, overlap: pd.DataFrame
) -> None:
    """Write how far two histories agree beside the lake, and warn where they do not."""
    if overlap.empty:
        return
    target = workspace.settings.reports / "history_overlap" / f"{code}.csv"
    write_text(target, overlap.to_csv(index=False))
    apart = overlap[(overlap["out_of_bounds"] != "") & overlap["month"].isna()]
    for row in apart.to_dict("records"):
        context.log.warning(
            f"weather_daily, département {code}: {row['first']} and {row['other']} differ in "
            f"{row['variable']} ({row['out_of_bounds']}) over {row['days']} days: see {target}"
        )


@table_asset("provider_differences")
def provider_differences(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """How far two providers of a département's weather differ, and whether one was adjusted.

    From the notes of the step that fetched the weather; no row where there is one provider.
    """
    frame, origin = france_tables.provider_differences(workspace, context.log.warning)
    return write_table(workspace, "provider_differences", frame, origin)


@table_asset("crop_statistics")
def crop_statistics(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Area, yield and production by crop and year.

    Source: `GEO_PIPELINE_CROPS`. Embedded (the default): Statistique agricole annuelle (Agreste,
    Licence Ouverte), 2000-2022. Cadence: once a year (Agreste), monthly in season (FranceAgriMer).
    Licence Ouverte 2.0.
    """
    asked = workspace.providers.crops_of(context.partition_keys)
    if embedded := [code for code, provider in asked.items() if provider is None]:
        bundled = workspace.bundled
        origin = bundled.provenance("crop_statistics.parquet")
        for some, frame in apart(
            lambda these: validate("crop_statistics", bundled.crop_statistics(these)),
            embedded,
            lambda code, error: tell_failure(
                context, workspace, ("crop_statistics", code), bundled.name, error
            ),
        ):
            write_partitions(
                context, workspace, "crop_statistics", frame, lambda _: origin, codes=some
            )
    for code, provider in asked.items():
        if provider is None:
            continue
        try:
            rows = validate("crop_statistics", provider.crop_statistics(code))
            check_kept(workspace, "crop_statistics", code, rows, provider.name)
            origin = provider.provenance
        except StorageError:
            raise
        except GeoPipelineError as error:
            failed = "crop_statistics", code
            tell_failure(context, workspace, failed, provider.name, error)
            continue
        known = workspace.bundled.crop_statistics([code])["crop"]
        if lacking := sorted({*known} - {*rows["crop"]}):
            context.log.warning(
                f"crop_statistics, département {code}: {provider.name} has no "
                f"{', '.join(lacking)}, of which there are embedded figures"
            )
        write_partition(context, workspace, "crop_statistics", code, rows=rows, provenance=origin)
    return dg.MaterializeResult()


@table_asset("water_restrictions")
def water_restrictions(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Water-restriction level in force by département, and the share of its area by level.

    Source: `GEO_PIPELINE_RESTRICTIONS`. Embedded (the default): VigiEau (Licence Ouverte 2.0), one
    day, 2026-10-03, without zones. Cadence: daily.
    """
    try:
        rows, origin = france_tables.restrictions(workspace, context.log.warning)
    except SourceError as error:
        provider = workspace.settings.restrictions
        workspace.failed("water_restrictions", None, provider, error)
        context.log.error(f"water_restrictions: {error}")
        if workspace.lake.is_sound("water_restrictions"):
            return dg.MaterializeResult()
        rows, origin = france_tables.last_known(workspace, "water_restrictions", provider)
    return write_table(workspace, "water_restrictions", rows, origin)
