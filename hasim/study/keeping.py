"""An answer that stands on several studies (a comparison, a sweep, ...) kept in a directory.

===============  =======================================================================================================
file             holds
===============  =======================================================================================================
``result.json``  the whole answer in its own format, which its first key names
``NAME.csv``     its table
``meta.json``    what made it: version, command
===============  =======================================================================================================

``result.json`` is written last: whoever sees it sees a whole answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hasim.errors import UserError
from hasim.study.storage import META_FORMAT
from hasim.study.tabular import whole_file, write_table

__all__ = ["keep_answer"]


def keep_answer(
    directory: Path,
    document: dict[str, Any],
    table: tuple[str, Sequence[str], Iterable[Sequence[Any]]],
    command: str = "",
) -> list[Path]:
    """Write an answer into ``directory``, made if need be; ``table`` is its name, columns and rows. Returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    name, columns, rows = table
    meta = {"format": META_FORMAT, "hasim_version": document["hasim_version"], "command": command}
    paths = [directory / f"{name}.csv", directory / "meta.json", directory / "result.json"]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_table(paths[0], columns, rows)
        for path, content in zip(paths[1:], (meta, document), strict=True):
            with whole_file(path) as temporary:
                text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
                temporary.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"the answer cannot be kept in {directory}: {error.strerror or error}") from None
    return paths
