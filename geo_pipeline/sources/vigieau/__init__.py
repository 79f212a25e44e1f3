"""VigiEau: water restrictions in force, the zones they hold in, and the orders since 2010.

Levels come from the API, zones and orders from files that the dataset on data.gouv.fr lists.
`client` asks, the other modules each read one kind of answer.
"""

from geo_pipeline.sources.vigieau.client import Restrictions, Vigieau, ask, build, paris_day
from geo_pipeline.sources.vigieau.orders import Orders
from geo_pipeline.sources.vigieau.values import NAME
from geo_pipeline.sources.vigieau.zones import Zones

__all__ = ["NAME", "Orders", "Restrictions", "Vigieau", "Zones", "ask", "build", "paris_day"]
