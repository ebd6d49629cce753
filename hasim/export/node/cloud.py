"""The cloud's API, called with the official SDK."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .script import Answer
from .settings import SECOND_NS

__all__ = ["NO_ANSWER", "Cloud"]

NO_ANSWER = ("ClientTimeout", "ClientNetworkError", "ServerNetworkError", "NoCredentials")
_SERVICE, _VERSION = "vpc", "2017-03-12"


class TimeOut(BaseException):
    """A call has taken too long. (Not an Exception: the SDK would take it for its own.)"""


class Cloud:
    """The API by way of the official SDK, without its retries: how often to try is the policy's."""

    def __init__(self, region: str, endpoint: str, timeout_ns: int, log: Callable[..., None]) -> None:
        _find_packages()
        from tencentcloud.common import credential
        from tencentcloud.common.common_client import CommonClient
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile

        self._timeout_s = timeout_ns / SECOND_NS
        self._log = log
        self._calls = 0
        self._sdk_error = TencentCloudSDKException
        key = [os.environ.get("TENCENTCLOUD_" + name) for name in ("SECRET_ID", "SECRET_KEY", "TOKEN")]
        self._credential: Any = credential.Credential(*key) if key[0] else credential.CVMRoleCredential()
        protocol, _, host = endpoint.rpartition("://")
        http = HttpProfile(protocol=protocol or "https", endpoint=host, reqTimeout=self._timeout_s)
        self._client = CommonClient(_SERVICE, _VERSION, self._credential, region, ClientProfile(httpProfile=http))

    def call(self, action: str, params: dict[str, Any]) -> Answer:
        """Make one call; it is given up after the time-out, whatever it hangs in."""
        self._calls += 1
        number, began_ns = self._calls, time.monotonic_ns()
        self._log("ApiCalled", call=number, action=action)
        answer = self._answer(action, params)
        request = answer.response.get("RequestId")
        took_ns = time.monotonic_ns() - began_ns
        self._log("ApiAnswered", call=number, action=action, code=answer.code, request_id=request, took_ns=took_ns)
        return answer

    def _answer(self, action: str, params: dict[str, Any]) -> Answer:
        try:
            with _time_limit(self._timeout_s):
                if not self._credential.get_credential_info()[0]:
                    return Answer("NoCredentials", {})
                return Answer("OK", self._client.call_json(action, params)["Response"])
        except TimeOut:
            return Answer("ClientTimeout", {})
        except self._sdk_error as error:
            return Answer(str(error.code), {})
        except (ValueError, KeyError, TypeError):
            return Answer("UnreadableAnswer", {})


def _find_packages() -> None:
    """Look where packages are installed, which an interpreter that was started with -S has not done yet."""
    if "site" not in sys.modules:
        import site

        site.main()


@contextmanager
def _time_limit(timeout_s: float) -> Iterator[None]:
    """Raise TimeOut in the block when the time is over; socket time-outs alone begin anew with every packet."""

    def ring(_signal: int, _frame: object) -> None:
        raise TimeOut

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
