"""All settings of the system: one class, read from `GEO_PIPELINE_*` environment variables.

How they are read is in `settings_reading.py`.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsError

from geo_pipeline.errors import UsageError
from geo_pipeline.homes import Home
from geo_pipeline.judging import Limits
from geo_pipeline.places import EMBEDDED_DATA
from geo_pipeline.settings_reading import (
    Ancestors,
    Hosts,
    UrlPath,
    misuse,
    with_password,
)

OAuthProvider = Literal[
    "auth0", "auth_code", "azure", "azurev2", "bitbucket", "generic", "github", "gitlab", "google",
    "okta",
]  # fmt: skip


class Settings(Home):
    """Places, providers, limits. Reading them touches no network, and no disk but for secrets."""

    embedded_data: Path = Field(
        default=EMBEDDED_DATA,
        description="Folder of the boundaries and observations that ship with the project.",
    )
    source: str = Field(
        default="bundled",
        description="Provider of weather: bundled, open-meteo, nasa-power, meteo-france, "
        "meteo-france-api or sim2.",
    )
    history: str | None = Field(
        default=None,
        description="Provider of earlier weather: gives the days that `source` lacks. bundled, "
        "sim2 or any other provider of weather.",
    )
    overseas: str | None = Field(
        default=None,
        description="Provider of weather for the overseas départements where it is another than "
        "`source`: SIM2 has none of them. nasa-power, open-meteo, meteo-france, meteo-france-api, "
        "sim2 or bundled.",
    )
    source_since: date | None = Field(
        default=None,
        description="First day that `source` is asked for where `history` gives the days before.",
    )
    crops: str = Field(
        default="bundled", description="Provider of crops: bundled, agreste, franceagrimer."
    )
    restrictions: str = Field(
        default="bundled", description="Provider of water restrictions: bundled, vigieau."
    )
    boundaries: str = Field(default="bundled", description="Provider of outlines: bundled, etalab.")
    groundwater: str | None = Field(
        default=None, description="Provider of groundwater levels: none, or hubeau."
    )
    since: date | None = Field(default=None, description="First day of the weather in use.")
    until: date | None = Field(default=None, description="Last day of the weather in use.")
    offline: bool = Field(default=False, description="Use what was received; send no request.")
    language: Literal["fr", "en"] = Field(default="fr", description="Language of exported pages.")

    open_meteo_url: str = Field(
        default="https://archive-api.open-meteo.com/v1/archive", description="Open-Meteo's archive."
    )
    open_meteo_model: str = Field(
        default="best_match", description="Model of Open-Meteo: best_match, era5_land, era5..."
    )
    open_meteo_spacing_km: float = Field(
        default=50.0, ge=1, description="Distance between the points of a département, km."
    )
    nasa_power_url: str = Field(
        default="https://power.larc.nasa.gov/api/temporal/daily/point", description="NASA POWER."
    )
    provisional_days: int = Field(
        default=5, ge=0, description="Last days that Open-Meteo may still change."
    )
    data_gouv_url: str = Field(
        default="https://www.data.gouv.fr", description="Lists of Météo-France's files."
    )
    meteo_france_url: str | None = Field(
        default=None, description="Folder of the station files; by default the listed addresses."
    )
    sim2_url: str | None = Field(
        default=None, description="Folder of the SIM2 files; by default the listed addresses."
    )
    meteo_france_api_url: str = Field(
        default="https://public-api.meteofrance.fr/public/DPClim/v1", description="The DPClim API."
    )
    meteo_france_api_key: SecretStr | None = Field(default=None, description="Key of DPClim.")
    agreste_url: str = Field(
        default="https://agreste.agriculture.gouv.fr/agreste-web/download/publication/publie/"
        "SAA-SeriesLongues/"
        "SAA_2010-2024-d%C3%A9finitives_donnees-DepartementalesetRegionales.zip",
        description="Zip of the Statistique agricole annuelle.",
    )
    franceagrimer_url: str = Field(
        default="", description="Zip of FranceAgriMer's history; empty for the edition known here."
    )
    vigieau_url: str = Field(default="https://api.vigieau.gouv.fr", description="VigiEau's API.")
    vigieau_dataset_url: str = Field(
        default="https://www.data.gouv.fr/api/1/datasets/donnee-secheresse-vigieau/",
        description="List of the files of alert zones.",
    )
    hubeau_url: str = Field(default="https://hubeau.eaufrance.fr/api", description="Hub'Eau.")
    etalab_url: str = Field(
        default="https://etalab-datasets.geo.data.gouv.fr/contours-administratifs/latest/geojson",
        description="Folder of the contours, or one GeoJSON file.",
    )
    etalab_resolution_m: Literal[5, 50, 100, 1000] = Field(
        default=1000, description="Resolution of the contours, m."
    )
    workers: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Départements whose weather is fetched at the same time.",
    )
    processes: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Processes that compute long records of many départements, or write a site of "
        "files; where it is not set, one for each core of the machine.",
    )
    contact: str | None = Field(
        default=None, description="E-mail address or page of the operator, sent to the providers."
    )
    mirrors: dict[str, str] = Field(
        default={}, description="Beginnings of addresses and their replacements, as JSON."
    )
    rates: dict[str, float] = Field(
        default={},
        description="Requests a second by host, as JSON. Published limits of providers are built "
        "in; 10 for other hosts.",
    )
    quotas: dict[str, float] = Field(
        default={},
        description="Calls a day by host, as JSON, in place of what the provider publishes: for a "
        "paid plan.",
    )
    class_min_years: int = Field(
        default=10,
        ge=1,
        description="Years of reference that a drought class needs; with fewer there is no class.",
    )
    risk_shortage_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of a crop's shortage of water in the hazard; the rest is the weight of "
        "the drought class.",
    )
    risk_default_ky: float = Field(
        default=1.0,
        gt=0,
        le=2,
        description="Yield response to water (Ky) of crops for which none is published.",
    )
    risk_irrigated: dict[str, float] = Field(
        default={
            "none": 0.2,
            "vigilance": 0.2,
            "alerte": 0.4,
            "alerte_renforcee": 0.7,
            "crise": 1.0,
        },
        description="Share of a shortage that an irrigated crop suffers at each level of water "
        "restriction, as JSON.",
    )
    read_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="Longest silence of a provider before and during an answer, s.",
    )
    attempts: int = Field(default=8, ge=1, description="Most attempts of one request.")
    patience_s: float = Field(
        default=180.0, ge=0, description="Longest time that one request may wait in all, s."
    )
    reading_memory_mb: int = Field(
        default=2000,
        ge=100,
        description="Memory for reading a workbook, a file of outlines or a file from the inbox, "
        "MB; a file that needs more is refused.",
    )
    reading_time_s: float = Field(
        default=120.0, gt=0, description="Longest time for reading such a file, s."
    )

    most_left_out: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of the zones, départements, rows or values of an answer that may be "
        "left out as impossible; with more, its form has changed, and all of it is refused.",
    )

    weather_stale_days: int = Field(
        default=5,
        ge=1,
        description="Age of a département's last day of live weather from which it is late, days.",
    )
    restrictions_stale_days: int = Field(
        default=2,
        ge=1,
        description="Age of live water restrictions from which they are late, days.",
    )
    crops_stale_days: int = Field(
        default=400,
        ge=1,
        description="Time since crops were last fetched from which they are late, days.",
    )
    free_room_mb: int = Field(
        default=100,
        ge=0,
        description="Space to keep free on the disks of the home and of temporary files, besides "
        "what the next publication needs, MB: for the records and raw data of a run.",
    )
    alert_language: Literal["fr", "en"] = Field(default="fr", description="Language of alerts.")
    alert_emails: list[str] = Field(
        default=[], description="Recipients of alerts by e-mail, as a JSON list of addresses."
    )
    alert_email_from: str = Field(
        default="drought-monitor@localhost", description="Sender of alerts by e-mail."
    )
    alert_readers: Path | None = Field(
        default=None, description="Readers with alerts of their own: a TOML file (docs/alerts.md)."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server: smtp://user:password@host:587 (STARTTLS where offered) or "
        "smtps://...:465.",
    )
    webhook_urls: list[SecretStr] = Field(
        default=[],
        description="Webhooks that get alerts, as a JSON list of addresses: Slack, Mattermost or "
        "Teams.",
    )
    alert_repeat_hours: float = Field(
        default=24.0,
        ge=0,
        description="Time after which an alert of the same trouble is sent again, h.",
    )
    alerts_per_hour: int = Field(
        default=20, ge=1, description="Most messages in an hour; the others are summarised."
    )
    app_url: str = Field(
        default="http://localhost:5006", description="Address of the map app, for links."
    )
    app_address: str = Field(
        default="127.0.0.1",
        description="Address that the app's server listens on; 0.0.0.0 for all interfaces.",
    )
    app_port: int = Field(
        default=5006, ge=0, le=65535, description="Port of the app's server; 0 for any free one."
    )
    app_prefix: UrlPath = Field(
        default="",
        description="Path of the app behind a proxy, such as /drought; the proxy must keep it.",
    )
    app_origins: Hosts = Field(
        default=[],
        description="Further `host` or `host:port` in the browser's address bar, as a JSON list; "
        "this machine and the host of `GEO_PIPELINE_APP_URL` are known.",
    )
    app_trust_proxy: bool = Field(
        default=False,
        description="Trust X-Forwarded-For and -Proto: only where the app can only be reached "
        "through a proxy that sets them.",
    )
    app_embedders: Ancestors = Field(
        default=["*"],
        description="Pages that may show the embed view (`?page=embed`) in a frame, as a JSON list "
        "such as `https://example.org`; `*` for all, an empty list for none.",
    )
    app_sign_in: Literal["none", "basic", "oauth"] = Field(
        default="none",
        description="Who may see the app: everybody, the users below, or users of a provider.",
    )
    app_users: SecretStr | None = Field(
        default=None,
        description="Users for `basic`: a JSON table of names and passwords, or of hashes that "
        "`python -m panel_app password` makes.",
    )
    app_users_file: Path | None = Field(
        default=None, description="The same table in a file, read when the server starts."
    )
    app_oauth_provider: OAuthProvider | None = Field(
        default=None, description="Provider for `oauth`, as Panel names it."
    )
    app_oauth_key: str | None = Field(
        default=None, description="Client id of the app at the provider."
    )
    app_oauth_secret: SecretStr | None = Field(default=None, description="Client secret.")
    app_oauth_parameters: dict[str, str | list[str]] = Field(
        default={},
        description="Further parameters of the provider, as JSON: `scope`, `tenant`, `subdomain`; "
        "`AUTHORIZE_URL`, `TOKEN_URL`, `USER_URL` of `generic`...",
    )
    app_oauth_redirect_url: str | None = Field(
        default=None, description="Address that the provider redirects to, if not the app's own."
    )
    app_oauth_user_key: str | None = Field(
        default=None, description="Field of the provider's answer that names the user."
    )
    app_oauth_users: list[str] = Field(
        default=[],
        description="Permitted users, as the provider names them, as a JSON list; empty for all "
        "of its users.",
    )
    app_cookie_secret: SecretStr | None = Field(
        default=None,
        description="Signs cookies and sessions; without one, a restart of the server signs "
        "everybody out.",
    )
    app_sign_in_days: float = Field(default=1.0, gt=0, description="Days that a sign-in lasts.")
    app_metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for `/metrics`; without one everybody may read them, or, with a "
        "sign-in, everybody who is signed in.",
    )
    app_api_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for `/api/v1` where the app has a sign-in; without a sign-in "
        "everybody may read the data.",
    )
    app_sessions: int = Field(
        default=100,
        ge=1,
        description="Most pages open at the same time; beyond it the app is full.",
    )
    app_unused_s: float = Field(
        default=15.0, gt=0, description="Time that a page without a connection is kept, s."
    )
    app_check_s: float = Field(
        default=10.0, gt=0, description="Time between two searches for such pages, s."
    )
    app_keep_alive_s: float = Field(
        default=30.0,
        ge=0,
        description="Time between two signs of life on a connection, s: less than a proxy's "
        "timeout; 0 for none.",
    )
    app_message_kb: int = Field(
        default=256, ge=1, description="Largest message that a page may send, kB."
    )
    dagster_url: str = Field(
        default="http://localhost:3000", description="Address of Dagster's pages, for links."
    )
    postgres_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL for Dagster's records instead of SQLite: "
        "postgresql://user:password@host:5432/database.",
    )
    postgres_password: SecretStr | None = Field(
        default=None,
        description="Password for that address, where it has none: for a secret in a file.",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="Broker by which queued runs reach the workers of several machines "
        "(docs/scale.md): redis://host:6379/0 or amqp://user:password@host:5672//. Without one the "
        "machine of Dagster's daemon executes them.",
    )
    keep_runs_days: int = Field(
        default=365,
        ge=1,
        description="Days that `geo-pipeline tidy` keeps Dagster's runs; those that last made a "
        "partition stay.",
    )
    keep_raw_days: int | None = Field(
        default=None,
        ge=1,
        description="Days since a provider last confirmed it that a raw answer is kept, where its "
        "content may change; without it all are kept.",
    )
    keep_aside_days: int = Field(
        default=90,
        ge=1,
        description="Days that files set aside are kept: damaged ones, those of earlier layouts, "
        "those that a restored backup replaced.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level that is logged."
    )
    step_timeout_s: float = Field(
        default=3600.0, gt=0, description="Longest time for one asset in a run, s."
    )

    @field_validator("risk_irrigated")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        known = cls.model_fields["risk_irrigated"].default
        if set(value) != set(known) or not all(0.0 <= share <= 1.0 for share in value.values()):
            raise ValueError(f"write a share from 0 to 1 for each of {', '.join(known)}")
        return value

    def address(self, name: str) -> str:
        """Return the address in a setting; one without a path gets the path of the default."""
        url: str = getattr(self, name)
        path = urlsplit(type(self).model_fields[name].default).path
        return url if urlsplit(url).path.strip("/") else url.rstrip("/") + path

    @property
    def records_address(self) -> SecretStr | None:
        """Address of PostgreSQL, with its password; None where records are SQLite files."""
        if self.postgres_url is None or self.postgres_password is None:
            return self.postgres_url
        return with_password(self.postgres_url, self.postgres_password)

    @property
    def reading_limits(self) -> Limits:
        """Limits for reading a foreign file."""
        return Limits(memory_mb=self.reading_memory_mb, time_s=self.reading_time_s)


def read_settings(**said: Any) -> Settings:
    """Return the settings of the environment, with `said` in place of some of them.

    Raises:
        UsageError: one of them cannot be read.
    """
    try:
        return Settings(**said)
    except (SettingsError, ValidationError) as error:
        raise UsageError(misuse(error, Settings)) from error
