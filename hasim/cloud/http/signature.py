"""Request signatures: TC3-HMAC-SHA256 in a header, HmacSHA1 and HmacSHA256 in a form or query.

Both sign the Host header as it was sent. The official command line sends a scheme in it, so nothing here looks at what
the host is.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from hasim.cloud.http.refusals import refused

__all__ = ["Credentials", "HttpMessage", "check_form_signature", "check_tc3_signature"]

_LONGEST_DIFFERENCE_S = 300
_ALGORITHM = "TC3-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/,\s]+)/(\d{4}-\d\d-\d\d)/([a-z0-9]+)/tc3_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_DIGESTS = {"HmacSHA1": "sha1", "HmacSHA256": "sha256"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one key pair of the account."""

    secret_id: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """An HTTP request as it came: header names in lower case, ``query`` without the question mark."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The raw Host header."""
        return self.headers.get("host", "")


def check_tc3_signature(message: HttpMessage, credentials: Credentials, now_s: float) -> str:
    """The service for which the request is signed (``vpc``, ``cvm``, ...).

    Raises:
        CloudError: AuthFailure.* or MissingParameter: not a signature, unknown, expired or wrong.
    """
    header = message.headers.get("authorization")
    if header is None:
        raise refused("AuthFailure.InvalidAuthorization", "There is no Authorization header.")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise refused("AuthFailure.InvalidAuthorization")
    secret_id, date, service, names, signature = match.groups()
    signed_names = names.split(";")
    if not {"content-type", "host"} <= set(signed_names):
        raise refused("AuthFailure.InvalidAuthorization", "SignedHeaders must have content-type and host.")
    _require_known(secret_id, message.headers.get("x-tc-token", ""), credentials)
    timestamp = _checked_timestamp(message.headers.get("x-tc-timestamp", ""), "X-TC-Timestamp", now_s)
    if datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d") != date:
        raise refused("AuthFailure.SignatureFailure", "The date in Credential is not the UTC date of X-TC-Timestamp.")
    scope = f"{date}/{service}/tc3_request"
    key = _tc3_key(credentials.secret_key, date, service)
    values = [(name, message.headers.get(name, "").strip()) for name in signed_names]
    # The documents have header values in lower case; the official SDKs sign them as they are. Both are accepted.
    for headers in (values, [(name, value.lower()) for name, value in values]):
        text = "\n".join((_ALGORITHM, str(timestamp), scope, _canonical_digest(message, headers, names)))
        if hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature):
            return service
    raise refused("AuthFailure.SignatureFailure")


def check_form_signature(
    message: HttpMessage, parameters: Mapping[str, str], credentials: Credentials, now_s: float
) -> None:
    """Check the older signature, a parameter among the others.

    Raises:
        CloudError: AuthFailure.* or MissingParameter: missing, unknown, expired or wrong.
    """
    for name in ("SecretId", "Signature", "Timestamp", "Nonce"):
        if not parameters.get(name):
            raise refused("MissingParameter", f"{name}.")
    _require_known(parameters["SecretId"], parameters.get("Token", ""), credentials)
    _checked_timestamp(parameters["Timestamp"], "Timestamp", now_s)
    method = parameters.get("SignatureMethod", "HmacSHA1")
    if method not in _DIGESTS:
        raise refused("AuthFailure.SignatureFailure", "SignatureMethod must be HmacSHA1 or HmacSHA256.")
    pairs = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "Signature")
    text = f"{message.method}{message.host}/?{pairs}"
    digest = hmac.digest(credentials.secret_key.encode(), text.encode("utf-8", "surrogatepass"), _DIGESTS[method])
    given = parameters["Signature"].encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(b64encode(digest), given):
        raise refused("AuthFailure.SignatureFailure")


def _require_known(secret_id: str, token: str, credentials: Credentials) -> None:
    if secret_id != credentials.secret_id:
        raise refused("AuthFailure.SecretIdNotFound", f"{secret_id!r:.60}.")
    if token:
        raise refused("AuthFailure.TokenFailure", "This account's key is a permanent one: it has no token.")


def _checked_timestamp(text: str, name: str, now_s: float) -> int:
    if not text:
        raise refused("MissingParameter", f"{name}.")
    if not _TIMESTAMP.fullmatch(text):
        raise refused("InvalidParameter", f"{name} must be a number of seconds since 1970, got {text!r:.40}.")
    timestamp = int(text)
    difference_s = timestamp - now_s
    if abs(difference_s) > _LONGEST_DIFFERENCE_S:
        raise refused("AuthFailure.SignatureExpire", f"{name} differs by {difference_s:.0f} s, at most 300 s may be.")
    return timestamp


def _canonical_digest(message: HttpMessage, headers: list[tuple[str, str]], names: str) -> str:
    if message.headers.get("x-tc-content-sha256") == _UNSIGNED:
        payload = _UNSIGNED.encode()
    else:
        payload = b"" if message.method == "GET" else message.body
    lines = "".join(f"{name}:{value}\n" for name, value in headers)
    text = "\n".join((message.method, "/", message.query, lines, names, sha256(payload).hexdigest()))
    return sha256(text.encode()).hexdigest()


def _tc3_key(secret_key: str, date: str, service: str) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
