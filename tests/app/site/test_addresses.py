"""Files of the site of files: where the links of the app lead there."""

import pytest

from panel_app.site.addresses import Addresses

ADDRESSES = Addresses("combined", "2022-12-31")


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", "index.html"),
        ("lang=en", "index.en.html"),
        ("indicator=combined&period=2022-12-31&lang=fr", "index.html"),
        ("indicator=swi&period=2022-08&zoom=", "index.html?indicator=swi&period=2022-08"),
        ("page=departement", "departement.html"),
        ("page=departement&departement=2A&period=2022-12-31&lang=en", "departement-2A.en.html"),
        ("page=ranking&indicator=swi&period=2022-08", "ranking.html?indicator=swi"),
        ("page=trends&season=winter&indicator=combined", "trends.html?season=winter"),
        ("page=bulletins&departement=32&region=&lang=en", "bulletins.en.html?departement=32"),
        ("page=pipeline", "about.html"),
    ],
)  # fmt: skip
def test_a_page_has_a_file_and_keeps_what_its_script_follows(query: str, address: str) -> None:
    asked = dict(each.split("=") for each in query.split("&") if each)
    assert ADDRESSES.of(asked) == address


def test_what_needs_a_server_is_not_in_a_page() -> None:
    page = (
        '<link rel="alternate" data-live href="api/v1/feeds/france.atom">'
        '<span class="take" data-live>Excel <button>x</button></span>'
        '<a href="?page=ranking&amp;lang=en">all</a><label data-live><select></select></label>.'
    )
    assert ADDRESSES.relinked(page) == '<a href="ranking.en.html">all</a>.'


def test_another_time_of_a_departement_is_on_the_map() -> None:
    """The file of a département is of the newest period; so are those of its neighbours."""
    own = "page=departement&amp;departement=32&amp;indicator=combined"
    page = f'<a href="?{own}&amp;period=2011-05-31"></a><a href="?{own.replace("32", "31")}"></a>'
    assert ADDRESSES.relinked(page, "32") == (
        '<a href="index.html?period=2011-05-31&amp;departement=32"></a>'
        '<a href="departement-31.html"></a>'
    )
