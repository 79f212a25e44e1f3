"""The publication that answers come from: its digest, its day, its sources and how to cite it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from geo_pipeline import sql
from geo_pipeline.publishing.api.offers import both
from geo_pipeline.publishing.formats import format_date
from geo_pipeline.publishing.sentences import Source
from geo_pipeline.storage.warehouse import Version, Warehouse
from geo_pipeline.words import LANGS, Words, catalogue

SHORT: int = 12
"""Digits of the digest that cursors and pages show."""


@dataclass(frozen=True)
class Edition:
    """A publication as programs know it."""

    version: Version
    digest: str
    """SHA-256 of all that its rows depend on: the lake's files and the SQL that joins them."""
    published_at: datetime
    attributions: pd.DataFrame

    @property
    def short(self) -> str:
        """The beginning of the digest."""
        return self.digest[:SHORT]

    def facts(self) -> dict[str, str]:
        """Return what names it in answers."""
        moment = self.published_at.isoformat(timespec="seconds")
        return {"digest": self.short, "published_at": f"{moment}Z"}

    def sources(self, *assets: str) -> list[dict[str, Any]]:
        """Return the sources behind observed tables, with their licences; of all by default."""
        rows = self.attributions
        if assets:
            rows = rows[rows["asset"].isin(assets)]
        return [
            {
                "table": row["asset"],
                "name": both(Words(row["text_fr"], row["text_en"])),
                "url": Source("", row["url"]).href,
                "licence": both(Words(row["licence_fr"], row["licence_en"])),
            }
            for row in rows.to_dict("records")
        ]

    def citation(self, *assets: str) -> dict[str, str]:
        """Return how to cite rows that are made of observed tables; all by default."""
        names = self.sources(*assets)
        told = {}
        for lang in LANGS:
            known = dict.fromkeys(each["name"][lang] for each in names)
            told[lang] = catalogue(lang)(
                "api.citation",
                day=format_date(self.published_at.date(), lang),
                version=software(),
                digest=self.short,
                sources="; ".join(known),
            )
        return both(Words(told["fr"], told["en"]))


def read(warehouse: Warehouse) -> Edition:
    """Return the edition that `warehouse` reads now.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the publication cannot be read, or is of a version without digests.
    """
    found = warehouse.version()
    row = warehouse.query("api_edition").iloc[0]
    parts = [row["fingerprint"], row["layout"], row["models"], _code()]
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
    moment = row["published_at"].to_pydatetime().replace(tzinfo=None)
    return Edition(found, digest, moment, warehouse.query("attributions"))


@cache
def _code() -> str:
    """Return what rows depend on besides the lake: the software and the SQL of the publication."""
    texts = [software(), *(sql.load(name) for name in ("publication", "exposure"))]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@cache
def software() -> str:
    """Return the version of the software, `0` where it is not installed as a package."""
    try:
        return version("geo-pipeline")
    except PackageNotFoundError:
        return "0"
