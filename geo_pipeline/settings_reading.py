"""How settings are read: names of variables, files of secrets, kinds of values, errors in one line.

Here is what all settings have in common; the settings themselves are in `settings.py`.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from geo_pipeline.words import Message, message

PREFIX: Final = "GEO_PIPELINE_"
SECRETS: Final = Path("/run/secrets")
"""Folder where containers find secrets; another one by `GEO_PIPELINE_SECRETS`."""

_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?")
_ANCESTOR: Final = re.compile(r"\*|https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")


def variable(setting: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{setting.upper()}"


class _SecretFiles(SecretsSettingsSource):
    """The files of the folder of secrets, with an error in one line where one cannot be read."""

    def __call__(self) -> dict[str, Any]:
        try:
            return super().__call__()
        except (OSError, UnicodeError) as error:
            why = getattr(error, "filename", None) or f"in {self.secrets_dir}"
            raise SettingsError(f"{why} ({error})") from error


class ReadSettings(BaseSettings):
    """Settings of the environment, and of files where there is a folder of secrets.

    A file there is named like a variable, in small letters; the environment comes before it.
    """

    # What is wrong may be a secret in the wrong form, and errors reach logs and Dagster's pages.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return what gives settings, the first before the others."""
        folder = Path(os.environ.get(variable("secrets")) or SECRETS)
        files = [_SecretFiles(settings_cls, folder)] if folder.is_dir() else []
        return (init_settings, env_settings, *files)


def misuse(error: SettingsError | ValidationError, settings: type[ReadSettings]) -> Message:
    """Return a message that names the one of `settings` that cannot be read, and why."""
    if isinstance(error, SettingsError):  # its text names the setting or file, never its value
        if isinstance(error.__cause__, OSError | UnicodeError):
            return message("settings.no_secret", why=error)
        return message("settings.no_json", why=error)
    first = error.errors()[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    said = first["msg"].removeprefix("Value error, ")
    of = settings.model_fields.get(str(first["loc"][0]))
    value = "***" if "SecretStr" in str(of and of.annotation) else repr(first["input"])
    value = re.sub(r"//[^/@']*@", "//***@", value)  # keys written into an address
    return message("settings.misuse", name=name, why=said, value=value)


def with_password(url: SecretStr, password: SecretStr) -> SecretStr:
    """Return the address `url` of a user with `password`, where it has none of its own."""
    parts = urlsplit(url.get_secret_value())
    if parts.password is not None or not parts.username:
        return url
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user}:{quote(password.get_secret_value(), safe='')}@{host}"
    return SecretStr(parts._replace(netloc=netloc).geturl())


def _path(value: str) -> str:
    value = value.strip("/")
    if re.fullmatch(r"([A-Za-z0-9_~-]+(/[A-Za-z0-9_~-]+)*)?", value) is None:
        raise ValueError("write a path of letters, digits, - and _, such as /drought")
    return f"/{value}" if value else ""


def _hosts(value: list[str]) -> list[str]:
    if not all(_HOST.fullmatch(each) for each in value):
        raise ValueError("write each as host or host:port, without https:// and path")
    return value


def _ancestors(value: list[str]) -> list[str]:
    if not all(_ANCESTOR.fullmatch(each) for each in value):
        raise ValueError("write each as https://host or https://host:port, or * for all")
    return value


UrlPath = Annotated[str, AfterValidator(_path)]
"""A path before all others, such as `/drought`; empty for none."""

Hosts = Annotated[list[str], AfterValidator(_hosts)]
"""Each `host` or `host:port`."""

Ancestors = Annotated[list[str], AfterValidator(_ancestors)]
"""Each `https://host` or `https://host:port`, or `*`."""
