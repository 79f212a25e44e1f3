"""Share of the area, or of a crop's, in each class of an indicator."""

from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView
from panel_app.data.store import Publication


def weighted_shares(view: PageView) -> FloatMatrix:
    """Share of the area, or of the chosen crop's area, in each style: periods x styles, %."""
    return shares_of(view.publication, view.state.indicator, view.state.crop)


@kept(64)
def shares_of(publication: Publication, indicator: str, crop: str) -> FloatMatrix:
    """Share of the land's area, or of the area of `crop`, in each style: periods x styles, %."""
    matrix = publication.matrix(indicator)
    areas = publication.crop_areas
    return matrix.shares_by(areas[crop]) if crop in areas else matrix.area_shares
