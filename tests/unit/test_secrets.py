"""Settings that hold secrets do not tell them, right or wrong."""

import pytest

from geo_pipeline import logs
from geo_pipeline.errors import UsageError
from geo_pipeline.settings import Settings, read_settings
from geo_pipeline.settings_reading import variable
from geo_pipeline.words import LANGS
from tests.secret_settings import MARK, planted, secret, secret_names

SAID_WRONG = ("{}", '"{}"', '["{}"', '[["{}"]]', '{{"{}": ["{}"]}}', '[{{"{}": 1}}]')
"""Forms of JSON, and of none, that one or the other setting does not take."""


def test_the_settings_that_hold_secrets_are_known() -> None:
    assert secret_names() >= {
        "meteo_france_api_key", "postgres_url", "smtp_url", "webhook_urls",
        "app_users", "app_oauth_secret", "app_cookie_secret", "app_metrics_token", "app_api_token",
    }  # fmt: skip
    named = ("key", "secret", "token", "password", "users")
    plain = {name for name in Settings.model_fields if name.endswith(named)} - secret_names()
    # The identifier of the app at a provider, the name of a field, and names of who may enter.
    assert plain == {"app_oauth_key", "app_oauth_user_key", "app_oauth_users"}


def test_settings_tell_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in planted().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    for text in (repr(settings), str(settings), str(settings.model_dump())):
        assert MARK not in text
    assert MARK not in settings.model_dump_json()
    # They are there all the same, and the log knows what to hide.
    hidden = "\n".join(logs.secrets(settings))
    assert [name for name in secret_names() if secret(name) not in hidden] == []


@pytest.mark.parametrize("name", sorted(secret_names()))
def test_a_secret_in_the_wrong_form_is_not_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for form in SAID_WRONG:
        monkeypatch.setenv(variable(name), form.replace("{}", secret(name)))
        try:
            read_settings()
        except UsageError as error:
            # Dagster shows what an error was raised from.
            texts = [str(error), str(error.__cause__), *(error.message(lang) for lang in LANGS)]
            assert [text for text in texts if MARK in text] == []


def test_a_value_that_is_no_secret_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("workers"), "many")
    with pytest.raises(UsageError, match=r"GEO_PIPELINE_WORKERS.*'many'"):
        read_settings()
