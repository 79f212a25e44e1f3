"""VigiEau: water restrictions in force, and the zones in which they apply.

Levels come from the API, zones from a file listed in the dataset on data.gouv.fr. `client` makes
the requests, the other modules each read one kind of answer.
"""

from geo_pipeline.sources.vigieau.client import Restrictions, Vigieau, ask, build, paris_day
from geo_pipeline.sources.vigieau.values import NAME
from geo_pipeline.sources.vigieau.zones import Zones

__all__ = ["NAME", "Restrictions", "Vigieau", "Zones", "ask", "build", "paris_day"]
