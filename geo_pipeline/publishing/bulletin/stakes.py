"""What is at stake and what to watch: crops, water restrictions, the stages ahead."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from geo_pipeline.catalogue.crop_names import CROP_NAMES, CROP_STAGE_NAMES, crop_period_name
from geo_pipeline.catalogue.styles import RESTRICTION_LEVELS
from geo_pipeline.indicators.crops import CALENDAR_OF
from geo_pipeline.publishing.bulletin import claims
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.issue import Cell, Issue, Section, Table
from geo_pipeline.publishing.calendar import Stage
from geo_pipeline.publishing.formats import capitalise, format_years
from geo_pipeline.publishing.legend import IN_DROUGHT

LISTED: Final = 6
"""Crops of a table, the largest areas."""

SHORT_PCT: Final = 15.0
"""Share of its need that a crop lacks from which it counts as short of water: `moderate`."""

SHORT_CLASSES: Final = ("moderate", "strong", "severe", "extreme")

AHEAD_DAYS: Final = 30
"""How far ahead stages are told."""

SENSITIVE_KY: Final = 1.0
"""Response of the yield to water from which a stage counts as sensitive (FAO-33)."""

RECENT_DAYS: Final = 15
"""Restrictions of an older day are not those of this dekad."""


# --- crops --------------------------------------------------------------------------------------


def _standing(issue: Issue) -> pd.DataFrame:
    """Return the crops standing in the place at the dekad, one row for each département."""
    rows = issue.records.exposure
    is_here = rows["departement"].isin(issue.place.codes)
    return rows[(rows["day"] == issue.day) & is_here]


def crops(issue: Issue) -> Section | None:
    """Return the crops at stake, in ha; None where the areas or the class are not known."""
    if not issue.classes(issue.day):
        return None
    rows = _standing(issue)
    title = issue.words("bulletin.crops.title")
    if rows.empty:
        return _nothing_stands(issue, title)
    by_crop = [_of_crop(issue, str(crop), each) for crop, each in rows.groupby("crop")]
    by_crop.sort(key=lambda each: -each["area_ha"])
    table = Table(
        issue.words(f"bulletin.crops.caption_{'one' if issue.alone else 'many'}"),
        [issue.words(f"bulletin.crops.{each}") for each in ("crop", "area", "short", "stage")],
        [_crop_row(issue, each) for each in by_crop[:LISTED]],
        words=(0, 3),
        widths=(1.25, 0, 0, 1.2),
    )
    behind = [Sentence(f"crops.{each['crop']}", "", each["facts"]) for each in by_crop[:LISTED]]
    return Section("crops", title, list(_crop_sentences(issue, rows)), table, behind=behind)


def _nothing_stands(issue: Issue, title: str) -> Section | None:
    """Return that no crop stands, where areas are known at all."""
    rows = issue.records.exposure
    rows = rows[rows["departement"].isin(issue.place.codes)]
    if rows.empty or issue.day not in set(issue.records.exposure["day"]):
        known = not rows.empty and (rows["day"] <= issue.day).any()
        if not known:
            return None
    key = {"period_end": issue.day, **issue.of_place}
    fact = claims.fact(0, "exposure", "count(*)", key)
    text = issue.words("bulletin.crops.none", Where=capitalise(issue.place.where(issue.lang)))
    return Section("crops", title, [Sentence("crops", text, (fact,))])


def _of_crop(issue: Issue, crop: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of one crop: area, area short of water, mean shortage."""
    key = {"period_end": issue.day, "crop": crop, **issue.of_place}
    area = float(rows["area_ha"].sum())
    judged = rows[rows["shortage_pct"].notna()]
    short = judged[judged["shortage_class"].isin(SHORT_CLASSES)]
    years = tuple(int(rows["area_year"].agg(end)) for end in ("min", "max"))
    facts = [claims.fact(area, "exposure", "sum(area_ha)", key)]
    facts += [
        claims.fact(year, "exposure", f"{end}(area_year)", key)
        for year, end in zip(years, ("min", "max"), strict=True)
    ]
    told: dict[str, Any] = {"crop": crop, "area_ha": area, "short_ha": None, "shortage": None}
    told["years"] = format_years(*years)
    if len(judged) and issue.alone:
        told["shortage"] = float(judged["shortage_pct"].iloc[0])
        facts.append(claims.fact(told["shortage"], "exposure", "shortage_pct", key))
    elif len(judged):
        told["short_ha"] = float(short["area_ha"].sum())
        facts.append(_short_fact(told["short_ha"], key))
    return {**told, "facts": tuple(facts)}


def _short_fact(value: float, key: claims.Key) -> Fact:
    of_class = claims.conditions({"shortage_class": list(SHORT_CLASSES)})
    select = f"coalesce(sum(area_ha) FILTER ({of_class}), 0)"
    return claims.fact(value, "exposure", select, key)


def _crop_row(issue: Issue, crop: dict[str, Any]) -> list[Cell]:
    short = "–"
    if crop["shortage"] is not None:
        short = issue.percent(crop["shortage"])
    elif crop["short_ha"] is not None:
        short = issue.hectares(crop["short_ha"])
    stage = _stage(issue, crop["crop"], issue.day)
    return [
        Cell(f"{_crop_name(issue, crop['crop'], capital=True)} ({crop['years']})"),
        Cell(issue.hectares(crop["area_ha"])),
        Cell(short),
        Cell("–" if stage is None else capitalise(_stage_name(issue, crop["crop"], stage))),
    ]


def _crop_name(issue: Issue, crop: str, *, capital: bool = False) -> str:
    known = CROP_NAMES.get(crop)
    name = known(issue.lang) if known else crop.replace("_", " ")
    return name if capital else name[:1].lower() + name[1:]


def _crop_sentences(issue: Issue, rows: pd.DataFrame) -> Iterator[Sentence]:
    """Yield how much stands where it is in drought, and how much is short of water."""
    key = {"period_end": issue.day, **issue.of_place}
    area = float(rows["area_ha"].sum())
    whole = claims.fact(area, "exposure", "sum(area_ha)", key)
    where = capitalise(issue.place.where(issue.lang))
    told = {"Where": where, "area": issue.hectares(area)}
    if issue.alone:
        yield Sentence("crops", issue.words("bulletin.crops.standing", **told), (whole,))
    else:
        classes = {issue.records.codes[c]: code for c, code in issue.classes(issue.day).items()}
        dry = rows[rows["departement"].map(classes).isin(IN_DROUGHT)]
        dry_ha = float(dry["area_ha"].sum())
        is_dry = claims.conditions({"drought_class": IN_DROUGHT})
        fact = claims.fact(
            dry_ha,
            "exposure INNER JOIN departement_risk_values USING (departement, period_end)",
            f"coalesce(sum(area_ha) FILTER ({is_dry}), 0)",
            key,
        )
        name = "bulletin.crops.in_drought" if dry_ha else "bulletin.crops.not_in_drought"
        text = issue.words(name, **told, dry=issue.hectares(dry_ha))
        yield Sentence("crops", text, (whole, fact) if dry_ha else (whole,))
    short = rows[rows["shortage_class"].isin(SHORT_CLASSES)]
    if short.empty:
        return
    area_short = float(short["area_ha"].sum())
    worst = short.groupby("crop")["area_ha"].sum().sort_values(ascending=False)
    names = issue.listed([_crop_name(issue, str(crop)) for crop in worst.index[:3]])
    kind = "lack_but_irrigation" if short["irrigated"].any() else "lack"
    text = issue.words(f"bulletin.crops.{kind}", area=issue.hectares(area_short), crops=names)
    yield Sentence("crops.lack", text, (_short_fact(area_short, key),))


# --- restrictions -------------------------------------------------------------------------------


def restrictions(issue: Issue) -> Section | None:
    """Return the restrictions in force; None where they are not known at this time."""
    rows = issue.records.restrictions
    rows = rows[rows["departement"].isin(issue.place.codes) & (rows["day"] <= issue.day)]
    rows = rows[rows["day"] > issue.day - timedelta(days=RECENT_DAYS)]
    if rows.empty:
        return None
    day = rows["day"].max()
    levels = rows.loc[rows["day"] == day, ["departement", "level_max"]]
    sentences = _level_of_one if issue.alone else _levels_of_many
    title = issue.words("bulletin.restrictions.title")
    return Section("restrictions", title, list(sentences(issue, day, levels)))


def _level_of_one(issue: Issue, day: date, levels: pd.DataFrame) -> Iterator[Sentence]:
    level = levels["level_max"].iloc[0]
    code = "none" if pd.isna(level) else str(level)
    style = next(each for each in RESTRICTION_LEVELS if each.code == code)
    fact = claims.fact(
        None if code == "none" else code,
        "water_restrictions",
        "level_max",
        {"departement": issue.code, "date": day},
    )
    text = issue.words(
        "bulletin.restrictions.one" if code != "none" else "bulletin.restrictions.none",
        day=issue.written(day),
        level=style.name(issue.lang),
        meaning=style.meaning(issue.lang),
    )
    yield Sentence("restrictions", text, (fact,))


def _levels_of_many(issue: Issue, day: date, levels: pd.DataFrame) -> Iterator[Sentence]:
    key = {"date": day, **issue.of_place}
    counts, facts = [], []
    for style in RESTRICTION_LEVELS:
        count = int((levels["level_max"] == style.code).sum())
        if style.code == "none" or not count:
            continue
        counts.append(
            issue.words("bulletin.restrictions.count", n=count, level=style.name(issue.lang))
        )
        facts.append(
            claims.fact(count, "water_restrictions", "count(*)", {**key, "level_max": style.code})
        )
    if counts:
        text = issue.words(
            "bulletin.restrictions.many",
            day=issue.written(day),
            counts=issue.listed(counts),
            total=len(levels),
        )
        facts.append(claims.fact(len(levels), "water_restrictions", "count(*)", key))
        yield Sentence("restrictions", text, tuple(facts))
        return
    text = issue.words("bulletin.restrictions.none_of", day=issue.written(day), total=len(levels))
    fact = claims.fact(len(levels), "water_restrictions", "count(*)", key, "level_max IS NULL")
    yield Sentence("restrictions", text, (fact,))


# --- what to watch ------------------------------------------------------------------------------


def watch(issue: Issue) -> Section | None:
    """Return the stages that the place's crops enter within the next thirty days."""
    grown = {
        CALENDAR_OF.get(crop, crop)
        for code in issue.place.codes
        for crop in issue.records.grown.get(code, ())
    }
    changes = sorted(
        (change for crop in grown for change in _changes(issue, crop)),
        key=lambda each: (not each[3], each[0], each[1]),
    )[:LISTED]
    if not changes:
        return None
    changes.sort(key=lambda each: (each[0], each[1]))
    rows = [
        [
            Cell(_crop_name(issue, crop, capital=True)),
            Cell(capitalise(name)),
            Cell(issue.day_month(day)),
            Cell(_response(issue, fact.value)),
        ]
        for day, crop, name, _, fact in changes
    ]
    head = [issue.words(f"bulletin.watch.{each}") for each in ("crop", "stage", "day", "water")]
    until = issue.day_month(issue.day + timedelta(days=AHEAD_DAYS))
    table = Table(
        issue.words("bulletin.watch.caption", until=until),
        head,
        rows,
        words=(0, 1, 2),
        widths=(1.3, 1.2, 0, 0),
    )
    behind = [Sentence(f"watch.{crop}.{day}", "", (fact,)) for day, crop, _, _, fact in changes]
    return Section("watch", issue.words("bulletin.watch.title"), (), table, behind=behind)


def _response(issue: Issue, ky: claims.Value) -> str:
    """Return the response of the yield to water, marked where it is strong."""
    if not isinstance(ky, float):
        return "–"
    text = issue.number_of(ky, 2 if round(ky, 1) != ky else 1)
    is_sensitive = ky >= SENSITIVE_KY
    return issue.words("bulletin.watch.sensitive", ky=text) if is_sensitive else text


def _changes(issue: Issue, crop: str) -> Iterator[tuple[date, str, str, bool, Fact]]:
    """Yield day, crop, name of the stage, and whether it is sensitive to water."""
    day, seen = issue.day, _stage(issue, crop, issue.day)
    for ahead in range(1, AHEAD_DAYS + 1):
        then = day + timedelta(days=ahead)
        stage = _stage(issue, crop, then)
        if stage is not None and (seen is None or stage.first != seen.first):
            name = _stage_name(issue, crop, stage)
            if seen is None or name != _stage_name(issue, crop, seen):
                ky = stage.ky
                key = {"crop": crop, "stage": stage.stage, "period": stage.period}
                fact = claims.fact(ky, "crop_stages", "max(ky)", key)
                yield then, crop, name, ky is not None and ky >= SENSITIVE_KY, fact
        seen = stage


def _stage(issue: Issue, crop: str, day: date) -> Stage | None:
    return issue.records.stage(crop, day)


def _stage_name(issue: Issue, crop: str, stage: Stage) -> str:
    named = crop_period_name(crop, stage.period) if stage.period else CROP_STAGE_NAMES[stage.stage]
    return named(issue.lang)
