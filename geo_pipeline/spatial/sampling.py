"""Sampling points: a lattice inside each département, at which weather is requested."""

import math

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import projections
from geo_pipeline.words import message

MOST_POINTS = 1000
"""Most places in one request to Open-Meteo, and so most points of a département."""

LEAST_SPACING_KM = 1.0
"""Smallest spacing: nearer points lie in the same cell of every weather model."""


def sampling_points(departements: gpd.GeoDataFrame | pa.Table, spacing_km: float) -> pd.DataFrame:
    """Return points inside each of `departements`, every `spacing_km` in both directions.

    They are the centres of square cells, in Lambert-93 for metropolitan France and in the UTM zone
    of each overseas département, so that each stands for the same area and their plain mean is an
    area mean. A département that contains no centre gets one point on its surface. The same
    outlines and spacing give the same points, whichever other départements are requested.

    Parameters
    ----------
    departements : columns departement (INSEE code) and geometry (longitude and latitude)
    spacing_km : distance of neighbouring points, km

    Returns
    -------
    departement, latitude, longitude (degrees, to 0.0001): at least one row for each département,
    sorted by département, from north to south, then from west to east.

    Raises:
        UsageError: the spacing is under 1 km or no number, or so small that a département has over
            1,000 points, more than one request allows; the message suggests a spacing.
        StorageError: a département has no outline.
    """
    if not (math.isfinite(spacing_km) and spacing_km >= LEAST_SPACING_KM):
        raise UsageError(
            message("sampling.too_close", spacing_km=spacing_km, least_km=LEAST_SPACING_KM)
        )
    lattice = pd.DataFrame({"spacing_m": [spacing_km * 1e3]})
    frames = {
        "departements": _outlines(departements),
        "projections": projections(),
        "lattice": lattice,
    }
    points = database.run("sampling_points", frames)
    counts = points["departement"].value_counts()
    if points.isna().any(axis=None):
        codes = points.loc[points.isna().any(axis=1), "departement"]
        raise StorageError(message("sampling.no_outline", codes=list(codes.astype(str))))
    if len(counts) and counts.iloc[0] > MOST_POINTS:
        # A tenth more than the count requires, since the number of centres that fall inside varies.
        enough_km = spacing_km * math.sqrt(1.1 * counts.iloc[0] / MOST_POINTS)
        raise UsageError(
            message(
                "sampling.too_many",
                spacing_km=spacing_km,
                count=counts.iloc[0],
                departement=counts.index[0],
                most=MOST_POINTS,
                enough_km=enough_km,
            )
        )
    return points


def mean_latitudes(points: pd.DataFrame) -> pd.DataFrame:
    """Return departement and latitude_deg, the mean over its `points`; one row a département."""
    latitude = points.groupby("departement")["latitude"].mean()
    return latitude.rename("latitude_deg").reset_index()


def _outlines(departements: gpd.GeoDataFrame | pa.Table) -> gpd.GeoDataFrame | pa.Table:
    """Return code and outline only, in longitude and latitude."""
    if isinstance(departements, pa.Table):
        return departements.select(["departement", "geometry"])
    return departements[["departement", "geometry"]].to_crs(database.LONLAT)
