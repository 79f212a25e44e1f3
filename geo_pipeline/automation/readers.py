"""Readers of alerts who each get what concerns them: a file with their places, crops and classes.

A reader has alerts like those of the settings, with channels, language, memory and limits of their
own; only what concerns them is told. The file is read at each publication.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from geo_pipeline.automation.drought_changes import CLASS_RANK, LEVEL_RANK, Change
from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.errors import UsageError
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import DEPARTEMENTS, REGIONS, parse_departements
from geo_pipeline.words import message

Standing = Mapping[str, Iterable[tuple[str, date]]]
"""Départements and dekads in which a crop stands, by crop."""

FOLDER: Final = "readers"
"""Folder of the readers' memories, in that of the alerts."""


class Reader(BaseModel):
    """A reader, and what concerns them; an empty list is no restriction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    departements: tuple[str, ...] = ()
    """Codes or names."""
    regions: tuple[str, ...] = ()
    """INSEE codes: their départements are added."""
    crops: tuple[str, ...] = ()
    """Only where one of them stands in its season on 1,000 ha; of restrictions, where it ever
    does."""
    from_class: Literal["D1", "D2", "D3", "D4", "never"] = "D1"
    """The mildest class that is told."""
    from_level: Literal["vigilance", "alerte", "alerte_renforcee", "crise", "never"] = "vigilance"
    """The mildest level of restriction that is told."""
    language: Literal["fr", "en"] = "fr"
    emails: tuple[str, ...] = ()
    webhooks: tuple[SecretStr, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not self.emails and not self.webhooks:
            raise ValueError("give emails or webhooks")
        for name, given, known in (
            ("region", self.regions, REGIONS),
            ("crop", self.crops, CROP_NAMES),
        ):
            for each in given:
                if each not in known:
                    raise ValueError(f"unknown {name} {each}: expected one of {', '.join(known)}")
        if self.departements:
            try:
                parse_departements(self.departements)
            except UsageError as error:
                raise ValueError(str(error)) from error
        return self

    @property
    def codes(self) -> frozenset[str]:
        """The départements that concern the reader; empty for all."""
        named = parse_departements(self.departements) if self.departements else []
        within = [each.code for each in DEPARTEMENTS if each.region_code in self.regions]
        return frozenset([*named, *within])

    @property
    def folder(self) -> str:
        """Name of the folder of their memory."""
        return f"{FOLDER}/{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"

    def settings(self, settings: Settings) -> Settings:
        """Return `settings` with the channels and the language of this reader."""
        own = {
            "alert_language": self.language,
            "alert_emails": list(self.emails),
            "webhook_urls": list(self.webhooks),
        }
        return settings.model_copy(update=own)

    def concerning(self, changes: Sequence[Change], standing: Standing) -> list[Change]:
        """Return the changes that concern the reader, each without what does not."""
        codes = self.codes
        within = [each for each in changes if not codes or each.code in codes]
        return [self._of_concern(each, standing) for each in within]

    def _of_concern(self, change: Change, standing: Standing) -> Change:
        before, now = change.was, change.now
        if not self._tells_class(change, standing):
            before = before._replace(drought_class=now.drought_class)
        if not self._tells_level(change, standing):
            before = before._replace(level=now.level)
        return replace(change, was=before)

    def _tells_class(self, change: Change, standing: Standing) -> bool:
        told = change.was.drought_class if change.over else change.now.drought_class
        if self.from_class == "never" or told is None:
            return False
        if CLASS_RANK[told] > CLASS_RANK[self.from_class]:
            return False
        day = date.fromisoformat(str(change.now.period_end))
        return not self.crops or any(
            (change.code, day) in standing.get(crop, ()) for crop in self.crops
        )

    def _tells_level(self, change: Change, standing: Standing) -> bool:
        told = change.was.level if change.lifted else change.now.level
        if self.from_level == "never" or told is None:
            return False
        if LEVEL_RANK[told] > LEVEL_RANK[self.from_level]:
            return False
        grown = {code for crop in self.crops for code, _ in standing.get(crop, ())}
        return not self.crops or change.code in grown


def readers(settings: Settings) -> list[Reader]:
    """Return the readers in the file that `settings` name; none without a file.

    Raises:
        UsageError: the file cannot be read, or something in it is wrong; what it says of addresses
            is not repeated.
    """
    path = settings.alert_readers
    if path is None:
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(message("readers.unreadable", path=path, why=error)) from error
    listed = content.get("reader")
    if set(content) != {"reader"} or not isinstance(listed, list):
        raise UsageError(message("readers.no_list", path=path))
    found = [_reader(each, number, settings) for number, each in enumerate(listed, start=1)]
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(message("readers.twice", path=path, name=name))
    return found


def _reader(given: Any, number: int, settings: Settings) -> Reader:
    path = settings.alert_readers
    try:
        reader = Reader.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        why = f"{field}: {told}" if field else told
        raise UsageError(message("readers.wrong", path=path, number=number, why=why)) from None
    if reader.emails and settings.smtp_url is None:
        raise UsageError(message("readers.no_server", path=path, name=reader.name))
    return reader


def standing(warehouse: Warehouse) -> dict[str, set[tuple[str, date]]]:
    """Return where and when each crop stands on at least 1,000 ha.

    Raises:
        StorageError: the publication cannot be read.
    """
    rows = warehouse.query("alert_crops")
    days = rows["period_end"].dt.date
    found: dict[str, set[tuple[str, date]]] = {}
    for code, crop, day in zip(rows["departement"], rows["crop"], days, strict=True):
        found.setdefault(crop, set()).add((code, day))
    return found
