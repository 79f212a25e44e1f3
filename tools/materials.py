"""What the system is made of: the pinned packages, their licences, the bill of materials.

`just docs` writes docs/licences.md from this, `just sbom` a bill of materials of what the image
runs, in the form of CycloneDX. Add here what a package's licence is where its metadata do not say
it in a way that can be read. Not here: which versions are pinned, see pyproject.toml.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

ROOT: Final = Path(__file__).resolve().parents[1]
RUNTIME: Final = ROOT / "requirements.txt"
CLUSTER: Final = ROOT / "requirements-cluster.txt"
DEVELOPMENT: Final = ROOT / "requirements-dev.txt"
PAGE: Final = ROOT / "docs" / "licences.md"

STATED: Final = {
    # Their metadata name a family of licences, the text of one, or none.
    "amqp": "BSD-3-Clause",
    "antlr4-python3-runtime": "BSD-3-Clause",
    "axe-playwright-python": "MIT",
    "billiard": "BSD-3-Clause",
    "click-plugins": "BSD-3-Clause",
    "et-xmlfile": "MIT",
    "jinja2": "BSD-3-Clause",
    "kubernetes-validate": "Apache-2.0",
    "panel": "BSD-3-Clause",
    "panel-material-ui": "BSD-3-Clause",
    "pandas-stubs": "BSD-3-Clause",
    "pathlib-abc": "PSF-2.0",
    "prompt-toolkit": "BSD-3-Clause",
    "psycopg2-binary": "LGPL-3.0-or-later",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "requests-oauthlib": "ISC",
    "scipy": "BSD-3-Clause",
    "sqruff": "Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
    "vine": "BSD-3-Clause",
    "xstatic-leaflet": "BSD-2-Clause",
    # Installed before Python 3.11.3, or on Windows, alone.
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "pyreadline3": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
}
"""SPDX expressions of packages, from their files of licence."""

READ: Final = {
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
    "mpl-2.0 and mit": "MPL-2.0 AND MIT",
    "python software foundation license": "PSF-2.0",
}
"""What metadata call a licence, in lower case, and its SPDX expression."""

COMPATIBLE: Final = {
    "0BSD": "asks for nothing",
    "Apache-2.0": "asks for the notices to stay",
    "BSD-2-Clause": "asks for the notice to stay",
    "BSD-3-Clause": "asks for the notice to stay",
    "CC0-1.0": "asks for nothing",
    "ISC": "asks for the notice to stay",
    "LGPL-3.0-or-later": "the library is used as it is and can be replaced by another build of it",
    "MIT": "asks for the notice to stay",
    "MIT-0": "asks for nothing",
    "MIT-CMU": "asks for the notice to stay",
    "MPL-2.0": "its files are used unchanged; changed ones would have to be published",
    "PSF-2.0": "asks for the notice to stay",
    "Zlib": "asks for the notice to stay",
}
"""Licences of packages that a program under the MIT licence may use and ship, and why."""

_PIN: Final = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)(?: ; ([^\\\n]+))?", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One pinned package."""

    name: str
    version: str
    only_where: str
    """The systems that it is installed on, as an environment marker; empty for all."""

    @property
    def licence(self) -> str:
        """Its licence as an SPDX expression; empty where that is not known."""
        return licence(self.name)


def pins(requirements: Path) -> list[Pin]:
    """Return the packages that a file of requirements pins, by name."""
    text = requirements.read_text(encoding="utf-8")
    return [Pin(name, version, (only or "").strip()) for name, version, only in _PIN.findall(text)]


@cache
def licence(name: str) -> str:
    """Return the licence of a package as an SPDX expression; empty where it is not known."""
    if name in STATED:
        return STATED[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := about.get("License-Expression"):
        return str(expression)
    said = str(about.get("License") or "").splitlines()[:1]
    said += [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or []
        if each.startswith("License ::")
    ]
    found = {READ[each.strip().lower()] for each in said if each.strip().lower() in READ}
    return found.pop() if len(found) == 1 else ""


def is_compatible(expression: str) -> bool:
    """Whether a package under this licence may be used: all of `AND`, one of `OR`."""
    parts = [
        re.split(r"\s+AND\s+", each.strip("() ")) for each in re.split(r"\s+OR\s+", expression)
    ]
    return any(all(each.strip("() ") in COMPATIBLE for each in part) for part in parts)


def page() -> str:
    """Return docs/licences.md."""
    runtime, cluster, all_of_it = pins(RUNTIME), pins(CLUSTER), pins(DEVELOPMENT)
    names = {each.name for each in runtime}
    further = {each.name for each in cluster} - names
    used = {
        word
        for each in all_of_it
        for word in re.split(r"\s+(?:AND|OR)\s+|[()]", each.licence)
        if word
    }
    return "\n".join(
        [
            "# Licences",
            "",
            "Written by `just docs` from the pinned requirements. The project is under the "
            "[MIT licence](../LICENSE); the embedded data are under [their own]"
            "(../assets_data/PROVENANCE.md), as is the typeface of the bulletins "
            "(`geo_pipeline/publishing/bulletin/fonts/`). "
            "`just sbom` writes a bill of materials (CycloneDX) with the same packages.",
            "",
            "| licence | why it may be used |",
            "|---|---|",
            *(f"| {name} | {COMPATIBLE.get(name, '?')} |" for name in sorted(used)),
            "",
            "## What the image runs",
            "",
            *_table(runtime),
            "",
            "## What several machines run besides",
            "",
            *_table([each for each in cluster if each.name in further]),
            "",
            "## What develops and tests it",
            "",
            *_table([each for each in all_of_it if each.name not in names | further]),
            "",
        ]
    )


def _table(packages: list[Pin]) -> Iterator[str]:
    yield "| package | version | licence |"
    yield "|---|---|---|"
    for each in packages:
        where = ", Windows alone" if "win32" in each.only_where else ""
        yield f"| {each.name} | {each.version} | {each.licence or '?'}{where} |"


def bill_of_materials() -> str:
    """Return the bill of materials of what the image runs, as CycloneDX 1.6 in JSON.

    The same requirements give the same bytes: it has no time, and its number is their hash.
    """
    # Only the development environment has it; the page of licences does not need it.
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    components = {each.name: _component(each) for each in pins(RUNTIME)}
    whole = Component(
        name="geo-pipeline",
        version=metadata.version("geo-pipeline"),
        type=ComponentType.APPLICATION,
        bom_ref="geo-pipeline",
        licenses=_licences("MIT"),
    )
    digest = sha256(RUNTIME.read_bytes()).hexdigest()
    bom = Bom(components=components.values(), serial_number=uuid5(NAMESPACE_URL, digest))
    bom.metadata.component = whole
    bom.register_dependency(
        whole, [components[name] for name in _needs("geo-pipeline", components)]
    )
    for name, component in components.items():
        needed = [components[each] for each in _needs(name, components)]
        bom.register_dependency(component, needed)
    written = json.loads(
        make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    )
    del written["metadata"]["timestamp"]
    return json.dumps(written, indent=1, sort_keys=True) + "\n"


def _component(pin: Pin) -> "Component":
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    url = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        licenses=_licences(pin.licence),
    )


def _licences(expression: str) -> list:  # type: ignore[type-arg]
    from cyclonedx.contrib.license.factories import LicenseFactory

    return [LicenseFactory().make_from_string(expression)] if expression else []


def _needs(name: str, known: Mapping[str, object]) -> list[str]:
    """Return which of the known packages a package asks for, whatever the system."""
    try:
        asked = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    names = {
        re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", each, maxsplit=1)[0]).lower()
        for each in asked
        if "extra ==" not in each
    }
    return sorted(names & set(known) - {name})


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(bill_of_materials(), encoding="utf-8")
    print(f"{target}: {len(pins(RUNTIME))} packages")
