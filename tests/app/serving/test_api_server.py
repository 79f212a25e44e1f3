"""`/api/v1` over real HTTP: what any client may do, who may not, and many at once."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import pandas as pd
import pytest
import requests

from tests.serving import ROOT, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the API on three départements."""
    log = tmp_path_factory.mktemp("served") / "log.txt"
    with serving(small_home, log) as (_, app):
        yield _api(app)


def _api(app: str) -> str:
    return app.removesuffix("/app") + "/api/v1"


def _ask(method: str, url: str, **options: Any) -> requests.Response:
    return requests.request(method, url, timeout=60, allow_redirects=False, **options)


def test_pandas_reads_an_address(address: str) -> None:
    rows = pd.read_csv(
        f"{address}/tables/crop_statistics?departement=31&format=csv",
        dtype={"departement": str},
    )
    assert set(rows["departement"]) == {"31"}


def test_pages_are_followed_by_their_links(address: str) -> None:
    """`requests` reads the header Link; the JSON has the same address."""
    answer = _ask("GET", f"{address}/tables/departements?limit=60")
    assert answer.links["next"]["url"] == answer.json()["next"]
    rest = _ask("GET", answer.links["next"]["url"])
    assert (answer.json()["count"], rest.json()["count"]) == (60, 41)
    assert rest.links == {}


def test_an_unchanged_answer_and_a_head_have_no_body(address: str) -> None:
    url = f"{address}/files/indicators/spi_3.parquet"
    whole = _ask("GET", url)
    head = _ask("HEAD", url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert "spi_3.parquet" in head.headers["Content-Disposition"]
    again = _ask("GET", url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_part_of_a_file_is_a_part_of_its_bytes(address: str) -> None:
    """As GDAL reads it: some bytes at the beginning, in the middle, at the end."""
    url = f"{address}/files/indicators/spi_3.parquet"
    whole = _ask("GET", url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    size = len(whole.content)
    for wished, first, last in (
        ("0-3", 0, 3),
        ("100-", 100, size - 1),
        ("-8", size - 8, size - 1),
        (f"10-{10 * size}", 10, size - 1),
    ):
        part = _ask("GET", url, headers={"Range": f"bytes={wished}"})
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    none = _ask("GET", url, headers={"Range": f"bytes={size}-"})
    assert (none.status_code, none.content) == (416, b"")
    older = _ask("GET", url, headers={"Range": "bytes=0-3", "If-Range": '"older"'})
    assert older.content == whole.content


def test_gdal_reads_a_file_where_it_lies(address: str) -> None:
    """QGIS opens an address in the same way."""
    import pyogrio

    name = f"/vsicurl/{address}/files/indicators/spi_3.geojson"
    known = pyogrio.read_info(name)
    assert (known["driver"], known["features"]) == ("GeoJSON", 101)
    assert {"departement", "name", "2022-08-31"} <= set(known["fields"])
    gers = pyogrio.read_dataframe(name, where="departement = '32'")
    assert gers["name"].tolist() == ["Gers"]


def test_scripts_of_other_sites_may_read(address: str) -> None:
    origin = {"Origin": "https://example.org"}
    for url in (f"{address}/indicators", f"{address}/nothing"):
        answer = _ask("GET", url, headers=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    before = _ask("OPTIONS", f"{address}/indicators", headers=origin)
    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(address: str, method: str) -> None:
    answer = _ask(method, f"{address}/tables/departements")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_mistakes_have_their_status(address: str) -> None:
    for path, status in (("tables/soil", 404), ("tables/departements?limit=none", 400)):
        answer = _ask("GET", f"{address}/{path}")
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]


def test_fifty_clients_at_once_all_get_the_same(address: str) -> None:
    """Whatever they ask for: each is answered in full, and the app beside them too."""
    paths = [
        "tables/indicator_values?indicator=spi_3&limit=10000",
        "tables/crop_statistics?format=csv",
        "files/indicators/swi.geojson",
        "files/indicators/spi_6.parquet",
        "indicators",
    ]
    alone = {path: _ask("GET", f"{address}/{path}").content for path in paths}
    site = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(_ask, "GET", f"{address}/{paths[i % 5]}") for i in range(50)]
        assert _ask("GET", f"{site}/liveness").status_code == 200
        for number, each in enumerate(waiting):
            answer = each.result()
            assert answer.status_code == 200
            assert answer.content == alone[paths[number % 5]]


PAGE = (ROOT / "docs" / "data_out.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split()[1])
def test_the_examples_of_the_document_work(
    address: str, example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 'SITE = "http://localhost:5006/api/v1"' in example
    exec(example.replace("http://localhost:5006/api/v1", address), {})
    assert capsys.readouterr().out.strip()


def test_the_example_of_r_works_where_r_is_installed(address: str, tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    (example,) = re.findall(r"```r\n(.*?)```", PAGE, re.S)
    script = tmp_path / "example.r"
    script.write_text(example.replace("http://localhost:5006/api/v1", address), "utf-8")
    ran = subprocess.run(
        ["Rscript", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if "there is no package called" in ran.stderr:
        pytest.skip("R has no package sf")
    assert ran.returncode == 0, ran.stderr
    assert "Feature" in ran.stdout or "features" in ran.stdout
    assert (tmp_path / "Rplots.pdf").stat().st_size > 1000


def test_the_commands_of_gdal_work_where_it_is_installed(address: str, tmp_path: Path) -> None:
    """QGIS reads by GDAL."""
    if shutil.which("ogr2ogr") is None:
        pytest.skip("GDAL's commands are not installed")
    commands = re.findall(r"^    (ogr.*)$", PAGE, re.M)
    assert len(commands) == 2
    for each in commands:
        command = shlex.split(each.replace("http://localhost:5006/api/v1", address))
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        if command[0] == "ogrinfo":
            assert "Feature Count: 101" in ran.stdout
    assert len(gpd.read_file(tmp_path / "spi_3.gpkg")) == 101


def test_a_sign_in_closes_the_data_too_and_links_keep_the_prefix(
    small_home: Path, tmp_path: Path
) -> None:
    settings = {
        "sign_in": "basic",
        "users": '{"ada": "lovelace 1815"}',
        "api_token": "for R",
        "prefix": "drought",
    }
    with serving(small_home, tmp_path / "log.txt", **settings) as (_, app):
        url = f"{_api(app)}/indicators"
        refused = _ask("GET", url)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.headers["Content-Type"] == "application/problem+json"
        wrong = _ask("GET", url, headers={"Authorization": "Bearer for Python"})
        assert wrong.status_code == 401
        known = {"Authorization": "Bearer for R"}
        assert _ask("GET", url, headers=known).status_code == 200
        said = _ask("GET", _api(app), headers=known).json()
        assert said["links"]["tables"].endswith("/drought/api/v1/tables")
        assert _ask("GET", said["links"]["openapi"], headers=known).status_code == 200
