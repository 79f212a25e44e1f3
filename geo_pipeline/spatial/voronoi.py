"""Voronoi weights of stations: the share of a département's area that is nearest to each."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.errors import StorageError
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import projections
from geo_pipeline.words import message

NETWORKS_AT_ONCE = 2000
"""Networks in one DuckDB query, which limits its memory. A network takes a few ms."""

SHARE_TOLERANCE = 1e-6
"""Largest deviation of a network's shares from adding up to the whole département."""


class VoronoiCells:
    """Area weights of stations in the départements of `boundaries`.

    Parameters
    ----------
    boundaries : columns departement (INSEE code) and geometry (longitude and latitude)
    """

    def __init__(self, boundaries: gpd.GeoDataFrame) -> None:
        self._outlines = boundaries[["departement", "geometry"]].to_crs(database.LONLAT)

    def nearest(self, stations: pd.DataFrame, departements: Sequence[str]) -> NDArray[np.str_]:
        """Return which of `departements` (metropolitan) each of `stations` is in or nearest to.

        Parameters
        ----------
        stations : (n,) rows with lon, lat (degrees)
        departements : INSEE codes to choose from

        Returns
        -------
        (n,) codes

        Raises:
            StorageError: a département has no outline.
        """
        if stations.empty:
            return np.empty(0, dtype=np.str_)
        frames = {
            "departements": self._of(*departements),
            "stations": _places(stations),
            "projections": projections(),
        }
        return database.run("station_departements", frames)["departement"].to_numpy(dtype=np.str_)

    def weights(
        self, departement: str, stations: pd.DataFrame, networks: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return the share of the area of `departement` that is nearest to each station.

        Each network is computed exactly, without reuse of another one. A station outside the
        outline counts with the part of its cell that lies inside, possibly nothing; a station that
        reports alone stands for the whole.

        Parameters
        ----------
        departement : INSEE code
        stations : (n,) rows with lon, lat (degrees)
        networks : (m, n), which stations report together

        Returns
        -------
        (m, n) shares, 0 for a station that is not in the network; each row adds up to 1, or to 0
        for a network without stations.

        Raises:
            StorageError: there is no outline, or the cells do not cover it.
        """
        shares = np.zeros(networks.shape)
        outline, places = self._of(departement), _places(stations)
        for start in range(0, len(networks), NETWORKS_AT_ONCE):
            network, station = np.nonzero(networks[start : start + NETWORKS_AT_ONCE])
            if not len(network):
                continue
            members = pd.DataFrame({"network": network + start, "station": station})
            frames = {
                "departement": outline,
                "stations": places,
                "networks": members,
                "projections": projections(),
            }
            found = database.run("station_weights", frames)
            shares[found["network"], found["station"]] = found["share"]
        whole = shares.sum(axis=1)
        if not np.allclose(whole, networks.any(axis=1), rtol=0.0, atol=SHARE_TOLERANCE):
            raise StorageError(
                message(
                    "voronoi.cover", departement=departement, least=whole.min(), most=whole.max()
                )
            )
        return shares / np.where(whole > 0.0, whole, 1.0)[:, None]

    def _of(self, *departements: str) -> gpd.GeoDataFrame:
        """Return the outlines of `departements`."""
        outlines = self._outlines[self._outlines["departement"].isin(departements)]
        missing = sorted(set(departements) - set(outlines["departement"]))
        if missing:
            raise StorageError(message("voronoi.no_outline", codes=list(missing)))
        return outlines


def _places(stations: pd.DataFrame) -> pd.DataFrame:
    """Return number (position in `stations`) and coordinates of each station."""
    return pd.DataFrame(
        {
            "station": np.arange(len(stations)),
            "lon": stations["lon"].to_numpy(dtype=np.float64),
            "lat": stations["lat"].to_numpy(dtype=np.float64),
        }
    )
