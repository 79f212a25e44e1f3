"""VigiEau: water restrictions in force, and the zones they hold in.

Levels come from the API, zones from a file that the dataset on data.gouv.fr lists.
`client` asks, the other modules each read one kind of answer.
"""

from geo_pipeline.sources.vigieau.client import Restrictions, Vigieau, ask, build, paris_day
from geo_pipeline.sources.vigieau.values import NAME
from geo_pipeline.sources.vigieau.zones import Zones

__all__ = ["NAME", "Restrictions", "Vigieau", "Zones", "ask", "build", "paris_day"]
