"""Takes out of an installation what no role of the image runs. The Dockerfile calls it at build.

What belongs here: which files go, and why each can. `trimmed` goes over the libraries, `compiled`
writes the bytecode of what is imported: a library's other modules need none. Both give the same
bytes for the same input, so that an image can be built again and compared.
"""

import compileall
import os
import py_compile
import shutil
import struct
import sys
from importlib.util import source_from_cache
from pathlib import Path

WITHOUT_USE = (
    # GDAL. geopandas wants it to read and write files; here DuckDB and Arrow do.
    "pyogrio",
    "pyogrio.libs",
    "pyogrio-*.dist-info",
    # Pictures made of pixels, and contours: all is drawn as SVG.
    "PIL",
    "pillow.libs",
    "pillow-*.dist-info",
    "contourpy",
    "contourpy-*.dist-info",
    # What builds the project's wheel.
    "hatchling",
    "hatchling-*.dist-info",
    "pathspec",
    "pathspec-*.dist-info",
    "pluggy",
    "pluggy-*.dist-info",
    "trove_classifiers",
    "trove_classifiers-*.dist-info",
    # Of Arrow: Flight, S3 and the encryption of Parquet, each beside its C++ library; what others
    # compile against it.
    "pyarrow/*_flight*",
    "pyarrow/*_s3*",
    "pyarrow/*parquet_encryption*",
    "pyarrow/_pyarrow_cpp_tests*",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*.*",
    # Of SciPy: all but the special functions, which import none of these.
    *(f"scipy/{each}" for each in (
        "cluster", "constants", "datasets", "differentiate", "fft", "fftpack", "integrate",
        "interpolate", "io", "linalg", "misc", "ndimage", "odr", "optimize", "signal", "sparse",
        "spatial", "stats",
    )),
    # Of Panel and Bokeh: JavaScript of panes that no page has, what is not minified, what extends.
    *(f"panel/dist/bundled/{each}" for each in (
        "@microsoft", "abstractvtkplot", "aceplot", "babel-standalone*", "bootstrap*",
        "datatabulator", "deckglplot", "echarts", "filedropper", "floatpanel", "font-awesome",
        "golden-layout*", "gridstack", "interactjs*", "jquery", "jsoneditor", "katex",
        "material-components-web*", "muuri*", "perspective", "plotlyplot", "quillinput",
        "react*@*", "reveal.js*", "terminal", "vegaplot",
        "web-animations-js*",
    )),
    "panel/dist/dts",
    "panel/dist/lib",
    "panel/dist/panel.js",
    "panel/dist/panel.json",
    "bokeh/server/static/js/compiler.js",
    "bokeh/server/static/js/lib",
    "bokeh/server/static/lib",
    "bokeh/server/static/js/*mathjax*",
    *(f"bokeh/server/static/js/bokeh{each}.js" for each in ("", "-api", "-gl", "-tables",
                                                           "-widgets")),
    "bokeh/sampledata",
    # Of Dagster: a film.
    "dagster_webserver/webapp/build/*.mp4",
)  # fmt: skip
"""Below `site-packages`."""

NOT_RUN = ("*.map", "*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "*.hpp", "*.d.ts", "*.ts")
"""Files of any library that only who develops with it reads."""

TESTS = "tests"
"""Folders of a library that are not run; those called `test` have what others test with."""

SIGNED = "*.duckdb_extension"
"""DuckDB checks the signature over every byte: these stay as they are."""


def trimmed(site: Path) -> int:
    """Remove what does not run below `site`; return how many bytes went."""
    before = _bytes(site)
    for pattern in WITHOUT_USE:
        found = sorted(site.glob(pattern))
        if not found:
            sys.exit(f"slim.py: nothing is called {pattern} any more: look at what it meant")
        for path in found:
            _remove(path)
    for path in sorted(site.glob(f"*/**/{TESTS}")):
        if path.is_dir():
            _remove(path)
    for pattern in NOT_RUN:
        for path in sorted(site.rglob(pattern)):
            _remove(path)
    for path in sorted(site.rglob("__pycache__")):
        _remove(path)
    for path in sorted(site.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.match(SIGNED):
            _without_symbols(path)
    _linked(site)
    return before - _bytes(site)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bytes(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.rglob("*"))


def _without_symbols(path: Path) -> None:
    """Cut the symbols for debuggers off a library of 64 bits, as `strip` would.

    They and the table of sections lie behind all that is loaded; the loader reads the table of
    segments alone.
    """
    with path.open("rb+") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02":
            return
        (start,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(start)
        table = file.read(size * count)
        ends = [sum(struct.unpack_from("<Q", table, size * i + at)[0] for at in (8, 32))
                for i in range(count)]  # fmt: skip
        end = max(ends)
        if end < path.stat().st_size:
            file.truncate(end)
            file.seek(40)
            file.write(bytes(8))  # no table of sections,
            file.seek(58)
            file.write(bytes(6))  # of none


def _linked(site: Path) -> None:
    """Replace libraries that two packages bring, byte for byte the same, by links to one."""
    first: dict[tuple[str, bytes], Path] = {}
    for path in sorted(site.glob("*.libs/*")):
        if path.is_symlink():
            continue
        kept = first.setdefault((path.name, path.read_bytes()), path)
        if kept != path:
            path.unlink()
            path.symlink_to(os.path.relpath(kept, path.parent))


def compiled(below: Path) -> int:
    """Write anew the bytecode of each module that has some; return how many these are.

    What ran before has left it for all that it imported, bound to the clock. This one is bound to
    nothing: source and bytecode come in one image.
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    sources = sorted({source_from_cache(str(path)) for path in below.rglob("*.pyc")})
    for source in sources:
        compileall.compile_file(source, force=True, quiet=1, invalidation_mode=mode)
    return len(sources)


if __name__ == "__main__":
    task, *folders = sys.argv[1:]
    for folder in map(Path, folders):
        if task == "trim":
            print(f"{folder}: {trimmed(folder) / 1e6:.0f} MB less")
        else:
            print(f"{folder}: {compiled(folder)} modules compiled")
