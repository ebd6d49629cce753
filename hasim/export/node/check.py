"""Tell keepalived whether a check is good: exit status 0 if so, 1 if not.

    hasim_check.py NAME       a check of settings.json

A ``service`` check opens a TCP connection to the service of this instance, or gets a page if the setting ``service`` is
a URL. An ``api`` check asks the cloud's API something (``hasim_notify.py ping``): any answer is good. keepalived itself
ends a check whose time is over.

It runs every second or so on machines that may be busy: what only one kind of check needs is imported for it alone.
"""

from __future__ import annotations

import sys

from .settings import SettingsError, read_settings

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run the check of that name; returns the exit status."""
    try:
        settings = read_settings()
    except SettingsError as error:
        print(f"hasim_check: {error}", file=sys.stderr)
        return 1
    if len(arguments) != 1 or arguments[0] not in settings["checks"]:
        print("hasim_check: expected one of: {}".format(", ".join(settings["checks"])), file=sys.stderr)
        return 1
    looks_at_service = settings["checks"][arguments[0]] == "service"
    return 0 if (_service_answers(settings["service"]) if looks_at_service else _api_answers()) else 1


def _service_answers(service: str) -> bool:
    """Whether ``host:port`` accepts a connection, or a URL gives a page (a status below 400)."""
    try:
        if "://" in service:
            import urllib.request

            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(service):
                return True
        import socket

        host, _, port = service.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))):
            return True
    except OSError:
        return False


def _api_answers() -> bool:
    import os
    import subprocess

    notify = os.path.join(os.path.dirname(os.path.realpath(sys.argv[0])), "hasim_notify.py")
    return subprocess.run([sys.executable, notify, "ping"]).returncode == 0
