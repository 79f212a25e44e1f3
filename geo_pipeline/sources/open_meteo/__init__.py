"""Open-Meteo's archive: daily weather at points laid inside a département, 1940 to a few days ago.

ERA5, ERA5-Land and ECMWF IFS as the model chosen has them, downscaled by Open-Meteo to the altitude
of each point. All points of a département are asked for in one request a period, and their mean is
the département's. Days are those of UTC: always 24 hours, and none of the 101 départements has its
daylight cut in two by them. Cadence: daily; the last days are provisional. CC BY 4.0 for
non-commercial use. `docs/sources/open_meteo.md` tells the rest.

`client` asks, `request_periods` says for which days at once, `answers` reads what comes.
"""

from geo_pipeline.sources.open_meteo.client import NAME, URL, OpenMeteo, ask, build, calls
from geo_pipeline.sources.open_meteo.request_periods import Period, periods

__all__ = ["NAME", "URL", "OpenMeteo", "Period", "ask", "build", "calls", "periods"]
