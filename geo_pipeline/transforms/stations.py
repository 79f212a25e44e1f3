"""Means of départements from observations of their stations."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.weather_variables import STATION_VARIABLES

TEMPERATURES = ("tmin_c", "tmax_c", "tmean_c")


class Cells(Protocol):
    """Area weights of stations in a département (`spatial.voronoi.VoronoiCells`)."""

    def nearest(self, stations: pd.DataFrame, departements: Sequence[str]) -> NDArray[np.str_]:
        """Return which of `departements` each of `stations` lies in or is nearest to."""
        ...

    def weights(
        self, departement: str, stations: pd.DataFrame, networks: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return shares of the area, (m, n), for the networks (m, n) of `stations` (n,)."""
        ...


class StationMeans:
    """Means over départements of the observations of stations, weighted by area."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def nearest(self, stations: pd.DataFrame, departements: Sequence[str]) -> NDArray[np.str_]:
        """Return which of `departements` each of `stations` lies in or is nearest to."""
        return self._cells.nearest(stations, departements)

    def __call__(
        self, departement: str, stations: pd.DataFrame, days: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the means of each day, and the stations with their weights.

        Each day and variable has its own weights, of the stations that reported it that day: the
        area of a silent station goes to its neighbours. What no station reported is NaN. The three
        temperatures come from the same stations, those that reported all three, on each day that
        has any: from different stations the mean could lie below the minimum.

        Parameters
        ----------
        departement : INSEE code
        stations : station, name, lat, lon (degrees), altitude_m; one row for each station of `days`
        days : station, date and the columns `STATION_VARIABLES`; one row for each station and day

        Returns
        -------
        rows : departement, date, the columns `STATION_VARIABLES`, and stations, the number that
            reported rain; one row for each day with any value, sorted
        stations : `stations` with weight, its share of the area in the mean of rain, averaged over
            the days that have one (NaN where none has)
        """
        dates, day = np.unique(days["date"].to_numpy(dtype="datetime64[ns]"), return_inverse=True)
        station = pd.Index(stations["station"]).get_indexer(pd.Index(days["station"]))
        shape = len(dates), len(stations)
        values = {name: days[name].to_numpy(dtype=np.float64) for name in STATION_VARIABLES}
        for name in TEMPERATURES:
            values[name] = np.where(_whole(values, day, len(dates)), values[name], np.nan)
        reporting = {}
        for name, value in values.items():
            known = ~np.isnan(value)
            reporting[name] = np.zeros(shape, dtype=np.bool_)
            reporting[name][day[known], station[known]] = True
        shares, network = self._shares(departement, stations, np.concatenate([*reporting.values()]))
        network_of_day = dict(zip(reporting, network.reshape(len(reporting), -1), strict=True))
        rows = pd.DataFrame({"departement": departement, "date": dates})
        for name, value in values.items():
            known = ~np.isnan(value)
            weight = shares[network_of_day[name][day[known]], station[known]]
            total = np.bincount(day[known], weight * value[known], minlength=len(dates))
            rows[name] = np.where(reporting[name].any(axis=1), total, np.nan)
        rain = reporting["precip_mm"]
        rows["stations"] = pd.array(rain.sum(axis=1), dtype="Int64")
        any_value = rows[list(STATION_VARIABLES)].notna().any(axis=1)
        days_with_rain = rain.any(axis=1)
        weight = np.full(len(stations), np.nan)
        if days_with_rain.any():
            weight = shares[network_of_day["precip_mm"][days_with_rain]].mean(axis=0)
        return rows[any_value].reset_index(drop=True), stations.assign(weight=weight)

    def _shares(
        self, departement: str, stations: pd.DataFrame, reporting: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return the shares of each distinct network, and the network of each row of
        `reporting`."""
        packed = np.packbits(reporting, axis=1)
        _, first, network = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        return self._cells.weights(departement, stations, reporting[first]), network.reshape(-1)


def _whole(
    values: Mapping[str, NDArray[np.float64]], day: NDArray[np.intp], days: int
) -> NDArray[np.bool_]:
    """Return the rows whose temperatures count: all three known, or in no row of that day."""
    complete = ~np.isnan([values[name] for name in TEMPERATURES]).any(axis=0)
    has_complete = np.bincount(day[complete], minlength=days) > 0
    return np.asarray(complete | ~has_complete[day])
