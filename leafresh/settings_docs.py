"""Generates ``docs/settings.md`` from the settings: ``make settings-docs``."""

import ast
from itertools import groupby, pairwise
from pathlib import Path

from leafresh import variables

PAGE = variables.BASE_DIR / "docs/settings.md"
_TOP = """# Settings

The process reads its settings from environment variables when it starts. A value that makes no sense stops the start
with one sentence that names the variable. [Operating](operating.md#settings-that-matter-for-several-processes)
says which settings matter for several processes.

This page is made of `leafresh/variables.py` by `make settings-docs`. Change the settings there, not here.
"""


def settings_page() -> str:
    """The whole page, in Markdown."""
    reasons = _reasons()
    page = _TOP
    for section, settings in groupby(variables.env.settings.items(), lambda item: item[1].section):
        page += f"\n## {section}\n\n| variable | default | why |\n| --- | --- | --- |\n"
        for name, setting in settings:
            values = f" {setting.values[0].upper()}{setting.values[1:]}." if setting.values else ""
            page += f"| `{name}` | {setting.default} | {reasons[name]}{values} |\n"
    return page


def _reasons() -> dict[str, str]:
    """The docstring below each setting, by the name of its variable."""
    reasons = {}
    for statements in pairwise(ast.parse(Path(variables.__file__).read_text("utf-8")).body):
        match statements:
            case ast.Assign(value=ast.Call(args=[ast.Constant(str(name)), *_])), ast.Expr(ast.Constant(str(text))):
                reasons[name] = " ".join(text.split())
    return reasons


if __name__ == "__main__":
    PAGE.write_text(settings_page(), "utf-8")
