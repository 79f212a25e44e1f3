"""Open-Meteo's archive: daily weather at points inside a département, 1940 to a few days ago.

The data are those of ERA5, ERA5-Land and ECMWF IFS, depending on the chosen model, downscaled by
Open-Meteo to the altitude of each point. One request for each period covers all points of a
département, whose weather is their mean. Days are UTC: they always have 24 hours, and cut the
daylight of none of the 101 départements in two. Updated daily; the last days are provisional. CC BY
4.0 for non-commercial use. `docs/sources/open_meteo.md` has more.

`client` makes requests, `request_periods` chooses their days, `answers` reads the answers.
"""

from geo_pipeline.sources.open_meteo.client import NAME, URL, OpenMeteo, ask, build, calls
from geo_pipeline.sources.open_meteo.request_periods import Period, periods

__all__ = ["NAME", "URL", "OpenMeteo", "Period", "ask", "build", "calls", "periods"]
