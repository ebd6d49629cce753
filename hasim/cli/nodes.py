"""keepalived.conf files on the command line: which node each belongs to, and with which ``@id`` it is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hasim.errors import UserError

__all__ = ["ConfigIdOption", "NodeOption", "name_nodes", "pair_with_ids"]

NodeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--node",
        metavar="NAME=FILE",
        help="A keepalived.conf with the name of its node; may be given again.",
        show_default=False,
    ),
]
ConfigIdOption = Annotated[
    list[str] | None,
    typer.Option(
        "--config-id",
        metavar="ID",
        help="What keepalived -i is given (@ID lines): once for all files, or once for each, in their order.",
        show_default=False,
    ),
]
_USUAL_STEM = "keepalived"


def name_nodes(files: Sequence[Path], named: Sequence[str], ids: Sequence[str]) -> dict[str, tuple[Path, str]]:
    """File and id of every node by its name: the files without a name first, then the named ones.

    A file without a name is called like its id where every file has one of its own, like its directory where it is
    called ``keepalived.conf``, and like itself otherwise.

    Raises:
        UserError: a name that stands twice, or as many ids as nobody could share out.
    """
    pairs = [_named(text) for text in named]
    paths = [*files, *(path for _, path in pairs)]
    own_ids = pair_with_ids(paths, ids)
    several = len(ids) > 1
    names = [own_ids[place] if several else _name_of(path) for place, path in enumerate(files)]
    names += [name for name, _ in pairs]
    for place, name in enumerate(names):
        if name in names[:place]:
            first = paths[names.index(name)]
            raise UserError(
                f"{first} and {paths[place]} are both called {name}: name them, as in --node a={first} "
                f"--node b={paths[place]}"
            )
    return {name: (path, own) for name, path, own in zip(names, paths, own_ids, strict=True)}


def pair_with_ids(paths: Sequence[Path], ids: Sequence[str]) -> list[str]:
    """The id of each file.

    Raises:
        UserError: neither one for all nor one for each.
    """
    if len(ids) <= 1:
        return [*ids, ""][:1] * len(paths)
    if len(ids) != len(paths):
        raise UserError(f"--config-id stands {len(ids)} times for {len(paths)} files: expected one, or one for each")
    return list(ids)


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise UserError(f"--node {text}: expected NAME=FILE, such as a=node-a/keepalived.conf")
    return name, Path(path)


def _name_of(path: Path) -> str:
    directory = os.path.basename(os.path.dirname(os.path.realpath(path)))
    return directory if path.stem == _USUAL_STEM and directory else path.stem or path.name
