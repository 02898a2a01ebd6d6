"""``docs/settings.md``, made of the settings themselves: ``make settings-docs``."""

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from leafresh.configuration import BASE_DIR, GROUPS
from leafresh.setting_types import values_of

PAGE = BASE_DIR / "docs/settings.md"
_TOP = """# Settings

The process reads its settings from environment variables when it starts. A value that makes no sense stops the start
with one sentence that names the variable. [Operating](operating.md#settings-that-matter-for-several-processes)
says which settings matter for several processes.

This page is made of `leafresh/configuration.py` by `make settings-docs`. Change the settings there, not here.
"""


def settings_page() -> str:
    """The whole page, in Markdown."""
    parts = [_TOP]
    for group in GROUPS:
        rows = [f"| `{name}` | {_default(field)} | {_reason(field)} |" for name, field in group.model_fields.items()]
        parts.append(
            "\n".join([f"## {group.__doc__}\n", "| variable | default | why |", "| --- | --- | --- |", *rows, ""])
        )
    return "\n".join(parts)


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["default"])
    default = ",".join(field.default) if isinstance(field.default, list) else field.default
    assert default is not PydanticUndefined, "a default that is computed says so in json_schema_extra"
    if default == "":
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _reason(field: FieldInfo) -> str:
    values = values_of(field)
    is_said = not values or field.annotation is bool
    return str(field.description) if is_said else f"{field.description} {values[0].upper()}{values[1:]}."


if __name__ == "__main__":
    PAGE.write_text(settings_page(), "utf-8")
