"""Wetness of the soil under grass: its amount, its index, and the pace of its change."""

from dataclasses import replace

from geo_pipeline.indicators import usdm_class_from_percentile
from geo_pipeline.indicators.certainty import percentile_certainty
from geo_pipeline.indicators.change import standardised_change
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.indicator_rows import Measure, ranked, standardised


def wetness(basis: Basis) -> Measure:
    """Mean wetness of the month, 0-1, with the class of its percentile."""
    measure = ranked(basis.month_wetness, basis.dekads)
    return replace(
        measure,
        drought_class=usdm_class_from_percentile(measure.percentile),
        certainty=percentile_certainty(measure.percentile, measure.years),
    )


def sswi(basis: Basis) -> Measure:
    """Standardised soil wetness index of the month."""
    return standardised(basis.sswi, basis.month_wetness, basis.dekads, "kernel")


def change(basis: Basis, *, over_dekads: int) -> Measure:
    """Standardised change of wetness over some dekads; a flash drought develops within weeks."""
    calendar = basis.dekads.calendar
    return ranked(standardised_change(basis.dekad_wetness, over_dekads, **calendar), basis.dekads)
