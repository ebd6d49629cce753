"""What to say of files that the user names and that cannot be opened."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["dead_link"]


def dead_link(path: Path) -> str:
    """What is wrong with a symbolic link that leads to no file; empty where ``path`` is not such a link."""
    if not path.is_symlink():
        return ""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "this is a symbolic link that leads back to itself"
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return f"this is a symbolic link to {os.readlink(path)}, which is not there"
    return ""
