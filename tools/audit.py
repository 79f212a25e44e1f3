"""`just audit`: known weaknesses of the pinned packages.

pip-audit asks the package index, or with `--vulnerability-service osv` OSV. Without a network a
copy of OSV's advisories for PyPI (its `all.zip`, or a folder of it) is asked: `--copy FILE`.

Exit codes: 0 none is known, or nobody could be asked, which is said; 1 some are; 2 misuse.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tools.materials import DEVELOPMENT, pins

COMMAND: Final = (
    sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip",
    "--progress-spinner", "off", "--format", "json",
)  # fmt: skip
UNREACHABLE: Final = "audit: not one package could be looked up, so nothing was checked: "


def audit(requirements: Path, options: Sequence[str]) -> int:
    """Ask pip-audit about the packages of a file of requirements; tell what it finds."""
    done = subprocess.run(
        [*COMMAND, "--requirement", str(requirements), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2:
        print(done.stderr, end="", file=sys.stderr)
        return 2
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        print(UNREACHABLE + said[-1], file=sys.stderr)
        return 0
    checked = [each for each in packages if "vulns" in each]
    if not checked:
        why = packages[0]["skip_reason"] if packages else "there is none"
        print(UNREACHABLE + why, file=sys.stderr)
        return 0
    for each in packages:
        if "vulns" not in each:
            print(f"audit: not checked: {each['name']}: {each['skip_reason']}", file=sys.stderr)
    found = [
        (f"{each['name']} {each['version']}", weakness["id"], weakness["fix_versions"])
        for each in checked
        for weakness in each["vulns"]
    ]
    return _told(len(checked), found)


def audit_by_copy(requirements: Path, copy: Path) -> int:
    """Look the packages of a file of requirements up in a copy of OSV's advisories."""
    pinned = {canonicalize_name(each.name): each for each in pins(requirements)}
    found = []
    for advisory in advisories(copy):
        for affected in advisory.get("affected", []):
            name = canonicalize_name(affected.get("package", {}).get("name", ""))
            if name in pinned and concerns(affected, pinned[name].version):
                pin = pinned[name]
                found.append((f"{pin.name} {pin.version}", advisory["id"], _fixed_in(affected)))
    return _told(len(pinned), found)


def advisories(copy: Path) -> Iterator[dict[str, Any]]:
    """Give the advisories of a folder or zip archive of OSV that were not withdrawn."""
    if copy.is_dir():
        texts: Iterator[bytes] = (path.read_bytes() for path in sorted(copy.rglob("*.json")))
    else:
        archive = zipfile.ZipFile(copy)
        texts = (archive.read(name) for name in archive.namelist() if name.endswith(".json"))
    for text in texts:
        advisory = json.loads(text)
        if "withdrawn" not in advisory:
            yield advisory


def concerns(affected: dict[str, Any], version: str) -> bool:
    """Whether an entry `affected` of an advisory in OSV's schema is about this version of PyPI."""
    if affected.get("package", {}).get("ecosystem") != "PyPI":
        return False
    if version in affected.get("versions", []):
        return True
    return any(
        _within(each["events"], Version(version))
        for each in affected.get("ranges", [])
        if each.get("type") == "ECOSYSTEM"
    )


def _within(events: Sequence[dict[str, str]], version: Version) -> bool:
    """Whether a version lies in the range that OSV's events tell, in any order."""
    at = []
    for event in events:
        for kind, value in event.items():
            try:
                at.append((Version(value), kind))
            except InvalidVersion:
                continue
    inside = False
    for where, kind in sorted(at):
        if kind == "introduced" and where <= version:
            inside = True
        elif (kind == "fixed" and where <= version) or (
            kind == "last_affected" and where < version
        ):
            inside = False
    return inside


def _fixed_in(affected: dict[str, Any]) -> list[str]:
    events = [event for each in affected.get("ranges", []) for event in each["events"]]
    return [event["fixed"] for event in events if "fixed" in event]


def _told(checked: int, found: Sequence[tuple[str, str, Sequence[str]]]) -> int:
    for package, weakness, fixed in sorted({(a, b, ", ".join(c)) for a, b, c in found}):
        print(f"{package}: {weakness}, {f'mended in {fixed}' if fixed else 'not mended yet'}")
    print(f"audit: {checked} packages checked, {len(found)} known weaknesses")
    return 1 if found else 0


def main(options: Sequence[str]) -> int:
    """Run what the command line asks for."""
    if "--copy" in options:
        if len(options) != 2 or options[0] != "--copy" or not Path(options[1]).exists():
            print("audit: say --copy and a zip archive or folder that exists", file=sys.stderr)
            return 2
        return audit_by_copy(DEVELOPMENT, Path(options[1]))
    return audit(DEVELOPMENT, options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
