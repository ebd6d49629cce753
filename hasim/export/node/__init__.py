"""What runs on an instance: programs that are copied there as they are and know nothing of hasim.

They need Python 3.8 and its standard library; ``hasim_notify`` also the official SDK's common part. ``hasim export``
writes ``settings.json`` and ``identifiers.json`` beside them.
"""

from __future__ import annotations

__all__: list[str] = []
