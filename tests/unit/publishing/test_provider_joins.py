"""What a map says of weather of several providers that was joined as it is."""

from datetime import date

import pandas as pd
import pytest

from geo_pipeline.publishing.provider_joins import is_mixed, joins_note
from geo_pipeline.words import NBSP

SEAM = {"since": date(2023, 1, 1), "others_until": date(2022, 12, 31)}


def joins(*codes: str, **seam: date) -> pd.DataFrame:
    return pd.DataFrame(
        [{"departement": code, "providers": ["SIM2", "AgERA5"], **SEAM, **seam} for code in codes]
    )


@pytest.mark.parametrize(
    ("months", "period_end", "mixed"),
    [
        (3, date(2023, 3, 31), False),  # from 1 January
        (3, date(2023, 3, 20), True),  # from 21 December
        (6, date(2023, 3, 31), True),
        (6, date(2022, 12, 31), False),  # all of the older provider
        (None, date(2023, 3, 31), False),  # it has no window
    ],
)
def test_a_window_across_the_seam_is_mixed(
    months: int | None, period_end: date, mixed: bool
) -> None:
    assert is_mixed(SEAM["since"], SEAM["others_until"], months, period_end) == mixed


def test_a_window_within_a_gap_mixes_nothing() -> None:
    """The older provider ended three years before the newer one began."""
    assert not is_mixed(date(2026, 1, 1), date(2022, 12, 31), 12, date(2026, 3, 31))


def test_the_note_of_a_map() -> None:
    told = joins_note(joins("31", "32"), "spi_3", date(2023, 3, 20), "fr").replace(NBSP, " ")
    assert told == (
        "Normale d'un autre fournisseur, non ajustée : dans 2 départements, des jours de SIM2 sont "
        "comparés à des années d'un autre (AgERA5). Dans 2 départements, la fenêtre de l'indice "
        "mêle des jours des deux."
    )
    english = joins_note(joins("31"), "spi_3", date(2023, 3, 31), "en")
    assert english == (
        "Normal of another provider, not adjusted: in one département, days of SIM2 are compared "
        "with years of another (AgERA5)."
    )


def test_nothing_is_said_where_nothing_was_joined() -> None:
    assert joins_note(joins(), "spi_3", date(2023, 3, 20), "fr") == ""
    assert joins_note(joins("31"), "water_restrictions", date(2023, 3, 20), "fr") == ""
