"""The season so far: rain, balance, dry spells, heat, frost, degree days.

Sums since 1 September bear weather that is spread over dekads; counts of days do not, and are NaN
wherever a day is not a true one (`resolution`), never invented.
"""

from collections.abc import Iterator

import pandas as pd

from geo_pipeline.crops import CEREALS
from geo_pipeline.indicators.events import days_since_rain, longest_dry_spell, only_true_days
from geo_pipeline.indicators.stress import frost_days, growing_degree_days, hot_days, season_total
from geo_pipeline.territory import CROPPING_YEAR_START
from geo_pipeline.transforms.daily_arrays import Array, Dekads, Record
from geo_pipeline.transforms.indicator_rows import Measure, ranked
from geo_pipeline.transforms.soil import season_of_crops

SPELL_WINDOW_DAYS = 90
"""Days in which the longest dry spell is looked for: a season."""


VINEYARD = "vineyard"


def measures(record: Record, dekads: Dekads, crops: pd.DataFrame) -> Iterator[Measure]:
    """Yield the measures of the season; `crops` is the table of `sources.agronomy`."""
    yield from _since_september("precip", record["precip_mm"], record, dekads)
    yield from _since_september("balance", record["precip_mm"] - record["et0_mm"], record, dekads)
    yield from _spells(record, dekads)
    yield from _temperatures(record, dekads, crops)


def _since_september(
    what: str, daily_mm: Array, record: Record, dekads: Dekads
) -> Iterator[Measure]:
    """Yield a sum since 1 September, and its departure from the normal of the day."""
    season = season_total(
        daily_mm,
        record.dates.to_numpy(),
        start=CROPPING_YEAR_START,
        reference=dekads.reference_days,
        min_seasons=2,
    )
    total_mm = dekads.last(season.total)
    yield ranked(f"season_{what}_mm", total_mm, dekads)
    departure_mm = dekads.last(season.departure)
    yield ranked(f"season_{what}_departure_mm", departure_mm, dekads, rank=total_mm)


def _spells(record: Record, dekads: Dekads) -> Iterator[Measure]:
    """Yield days since rain and the longest dry spell."""
    rain_mm = only_true_days(record["precip_mm"], record["true_day"] == 1.0)
    since = dekads.last(days_since_rain(rain_mm))
    yield ranked("days_since_rain", since, dekads, dry_is_high=True)
    longest = dekads.last(longest_dry_spell(rain_mm, SPELL_WINDOW_DAYS))
    yield ranked("longest_dry_spell_days", longest, dekads, dry_is_high=True)


def _temperatures(record: Record, dekads: Dekads, crops: pd.DataFrame) -> Iterator[Measure]:
    """Yield hot days on filling grains, frosts on open buds, and degree days of each crop.

    Degree days are those of the daily mean above the crop's base temperature, which a mean of a
    dekad gives as well but for dekads in which days fall on either side of the base.
    """
    true = record["true_day"] == 1.0
    tmin_c, tmax_c = (only_true_days(record[name], true) for name in ("tmin_c", "tmax_c"))
    tmean_c = record["tmean_c"]
    season = season_of_crops(record.dates, crops)
    tender_days = crops["days_initial"] + crops["days_development"]
    for row, crop in enumerate(season.crops):
        day = season.day[row]
        if crop in CEREALS:
            filling = day >= crops["flowering_from_day"].to_numpy()[row]
            count = dekads.last(hot_days(tmax_c, filling), filling)
            shown = dekads.any(filling)
            yield ranked(f"hot_days_{crop}", count, dekads, dry_is_high=True, shown=shown)
        if crop == VINEYARD:
            tender = (day > 0) & (day <= tender_days.to_numpy()[row])
            count = dekads.last(frost_days(tmin_c, tender), tender)
            shown = dekads.any(tender)
            yield ranked(f"frost_days_{crop}", count, dekads, dry_is_high=True, shown=shown)
        base_c = float(crops["base_temperature_c"].to_numpy()[row])
        sums = growing_degree_days(tmean_c, tmean_c, base_c, day == 1, limit="mean")
        yield ranked(f"gdd_{crop}", dekads.last(sums, day > 0), dekads, shown=dekads.any(day > 0))
