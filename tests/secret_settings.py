"""A secret in each setting that holds one, in the form that the setting takes."""

from geo_pipeline.settings import Settings
from geo_pipeline.settings_reading import variable

MARK = "s3cret"
_FORMS = {
    "app_users": '{{"ada": "{}"}}',
    "postgres_url": "postgresql://me:{}@127.0.0.1:1/base",
    "smtp_url": "smtp://me:{}@127.0.0.1:1",
    "webhook_urls": '["http://127.0.0.1:1/{}"]',
}


def secret_names() -> set[str]:
    """Return the names of the settings that hold secrets."""
    fields = Settings.model_fields.items()
    return {name for name, field in fields if "SecretStr" in str(field.annotation)}


def secret(setting: str) -> str:
    """Return the secret planted in a setting; each is another."""
    return f"{MARK}-{setting.replace('_', '-')}"


def planted() -> dict[str, str]:
    """Return a variable of the environment for each setting that holds a secret."""
    return {
        variable(name): _FORMS.get(name, "{}").format(secret(name))
        for name in sorted(secret_names())
    }
