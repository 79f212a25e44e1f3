"""What the system is made of: licences, bill of materials, known weaknesses."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from license_expression import get_spdx_licensing

from tools import audit, materials

PINNED = "certifi==2020.1.1 \\\n    --hash=sha256:" + "0" * 64 + "\n"
ADVISORY = {
    "id": "PYSEC-2022-42986",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "certifi"},
            "ranges": [
                {
                    "type": "ECOSYSTEM",
                    "events": [{"introduced": "2017.11.05"}, {"fixed": "2022.12.07"}],
                }
            ],
        }
    ],
}
"""As OSV tells of the removed root certificates of TrustCor."""


def test_every_licence_is_known_and_lets_us_use_the_package() -> None:
    spdx, pins = get_spdx_licensing(), materials.pins(materials.DEVELOPMENT)
    unknown = [pin.name for pin in pins if not pin.licence]
    assert unknown == [], "read their licences and state them in tools/materials.py"
    wrong = {pin.name: pin.licence for pin in pins if spdx.validate(pin.licence).errors}
    assert wrong == {}
    assert [pin for pin in pins if not materials.is_compatible(pin.licence)] == []


def test_what_is_stated_is_needed() -> None:
    assert set(materials.STATED) <= {pin.name for pin in materials.pins(materials.DEVELOPMENT)}


def test_a_licence_that_would_bind_the_project_is_not_compatible() -> None:
    assert not materials.is_compatible("GPL-3.0-or-later")
    assert not materials.is_compatible("MIT AND AGPL-3.0-only")
    assert materials.is_compatible("GPL-2.0-only OR (MIT AND Zlib)")
    assert not materials.is_compatible("")


def test_the_page_of_licences_is_that_of_the_requirements() -> None:
    page = materials.PAGE.read_text(encoding="utf-8")
    assert page == materials.page(), "run `just docs`"
    assert "| ? |" not in page


def test_the_bill_names_each_pinned_package_with_version_and_licence() -> None:
    text = materials.RUNTIME.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "==" in line]
    pins = materials.pins(materials.RUNTIME)
    assert len(pins) == len(lines) > 100
    text = materials.bill_of_materials()
    assert text == materials.bill_of_materials()
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {each["name"]: each for each in bill["components"]}
    assert set(listed) == {pin.name for pin in pins}
    for line in lines:
        name, _, rest = line.partition("==")
        component = listed[name.partition("[")[0]]
        assert component["version"] == rest.split()[0]
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        (licence,) = component["licenses"]
        assert licence.get("expression") or licence["license"]["id"]
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert f"pkg:pypi/duckdb@{listed['duckdb']['version']}" in needs["geo-pipeline"]
    assert any(each.startswith("pkg:pypi/numpy@") for each in needs[listed["scipy"]["purl"]])


class _Osv(BaseHTTPRequestHandler):
    """OSV, which knows one weakness of certifi."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = [ADVISORY] if asked["package"]["name"] == "certifi" else []
        body = json.dumps({"vulns": known}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def _osv() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Osv)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def test_a_known_weakness_fails_and_is_told_with_its_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(PINNED, encoding="utf-8")
    cache = ("--cache-dir", str(tmp_path / "cache"), "--vulnerability-service", "osv")
    with _osv() as address:
        assert audit.audit(requirements, [*cache, "--osv-url", address]) == 1
        told = capsys.readouterr().out
        assert told.splitlines()[0] == ("certifi 2020.1.1: PYSEC-2022-42986, mended in 2022.12.7")
        requirements.write_text(PINNED.replace("certifi", "idna"), encoding="utf-8")
        assert audit.audit(requirements, [*cache, "--osv-url", address]) == 0
    capsys.readouterr()
    # Nobody answers there any more.
    requirements.write_text(PINNED, encoding="utf-8")
    assert audit.audit(requirements, [*cache, "--osv-url", address]) == 0
    silent = capsys.readouterr()
    assert silent.out == ""
    assert silent.err.startswith(audit.UNREACHABLE)
    assert silent.err.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "status"), [("2020.1.1", 1), ("2022.12.7", 0), ("2015.4.28", 0)]
)
def test_a_copy_of_the_advisories_needs_no_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, status: int
) -> None:
    requirements, copy = tmp_path / "requirements.txt", tmp_path / "all.zip"
    requirements.write_text(PINNED.replace("2020.1.1", version), encoding="utf-8")
    withdrawn = {**ADVISORY, "id": "PYSEC-0", "withdrawn": "2023-01-01T00:00:00Z"}
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr("PYSEC-2022-42986.json", json.dumps(ADVISORY))
        archive.writestr("PYSEC-0.json", json.dumps(withdrawn))
    assert audit.audit_by_copy(requirements, copy) == status
    told = capsys.readouterr().out
    assert told.endswith(f"audit: 1 packages checked, {status} known weaknesses\n")
    assert "PYSEC-0," not in told
