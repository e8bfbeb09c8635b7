"""The example of docs/models.md, taken out of the text into a catalogue's folder."""

from __future__ import annotations

import re
from pathlib import Path

from edgewise.paths import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs/models.md"


def write_example(catalogue: Path) -> Path:
    """Write the folder `ring` and return it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = {kind: re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("yaml", "python")}
    folder = catalogue / "ring"
    folder.mkdir(parents=True)
    (recipe,), (module,) = blocks["yaml"], blocks["python"]
    (folder / "recipe.yaml").write_text(recipe)
    (folder / "__init__.py").write_text(module)
    return folder
