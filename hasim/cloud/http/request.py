"""From an HTTP request to an API call: who signed it, which action of which service, and its parameters.

Three forms come in: JSON with ``X-TC-*`` headers, the same as a GET query, and a form or query in which action,
version, region and signature stand among the parameters (the older signature methods).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from hasim.cloud.http.refusals import refused
from hasim.cloud.http.signature import Credentials, HttpMessage, check_form_signature, check_tc3_signature
from hasim.cloud.registry import ACTIONS

__all__ = ["VERSIONS", "ApiCall", "Door", "body_limit", "is_api_request"]

VERSIONS = {"vpc": "2017-03-12", "cvm": "2017-03-12"}
"""The modelled services and the version of the API that each has."""

_KIBIBYTE = 1024
_JSON_LIMIT = 10 * _KIBIBYTE * _KIBIBYTE
_FORM_LIMIT = _KIBIBYTE * _KIBIBYTE
_QUERY_LIMIT = 32 * _KIBIBYTE
_MOST_FIELDS = 5_000
_DEEPEST_FIELD = 8
_DEEPEST_JSON = 32
_FORM = "application/x-www-form-urlencoded"
_COMMON_FIELDS = frozenset(
    {
        "Action",
        "Language",
        "Nonce",
        "Region",
        "RequestClient",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Timestamp",
        "Token",
        "Version",
    }
)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request that the front door has let through."""

    action: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """What a request is checked against. ``credentials`` None: signatures are not looked at."""

    region: str
    credentials: Credentials | None

    def admit(self, message: HttpMessage, now_s: float) -> ApiCall:
        """The call that a request makes.

        Raises:
            CloudError: it is malformed, not signed as it should be, or for what is not modelled.
        """
        if message.method not in ("GET", "POST"):
            raise refused("UnsupportedProtocol", f"This is a {message.method!r:.20} request.")
        if len(message.query) > _QUERY_LIMIT:
            raise refused("RequestSizeLimitExceeded", f"A query has {_QUERY_LIMIT} bytes at most.")
        if "x-tc-action" in message.headers:
            return self._admit_headers(message, now_s)
        return self._admit_form(message, now_s)

    def _admit_headers(self, message: HttpMessage, now_s: float) -> ApiCall:
        service = None
        if self.credentials is not None:
            service = check_tc3_signature(message, self.credentials, now_s)
        headers = message.headers
        action = headers["x-tc-action"]
        self._check_target(service, action, headers.get("x-tc-version", ""), headers.get("x-tc-region", ""))
        if message.method == "GET":
            return ApiCall(action, _nested(_fields(message.query)))
        return ApiCall(action, _json_object(message))

    def _admit_form(self, message: HttpMessage, now_s: float) -> ApiCall:
        fields = _fields(message.query if message.method == "GET" else _form_text(message))
        action = fields.get("Action", "")
        if not action:
            raise refused("MissingParameter", "Action (or the header X-TC-Action).")
        if self.credentials is not None:
            check_form_signature(message, fields, self.credentials, now_s)
        self._check_target(None, action, fields.get("Version", ""), fields.get("Region", ""))
        return ApiCall(action, _nested({name: fields[name] for name in fields if name not in _COMMON_FIELDS}))

    def _check_target(self, service: str | None, action: str, version: str, region: str) -> None:
        """``service`` is None where the request does not say it: then it is the action's."""
        if service is not None and service not in VERSIONS:
            raise refused("NoSuchProduct", f"{service!r:.40} is not one of {', '.join(VERSIONS)}.")
        spec = ACTIONS.get(action)
        if spec is None or service not in (None, spec.service):
            raise refused("InvalidAction", f"{action!r:.80} is unknown or not modelled.")
        if not version:
            raise refused("MissingParameter", "Version.")
        if version != VERSIONS[spec.service]:
            raise refused("NoSuchVersion", f"{spec.service} has {VERSIONS[spec.service]}, not {version!r:.40}.")
        if not region:
            raise refused("MissingParameter", "Region.")
        if region != self.region:
            raise refused("UnsupportedRegion", f"This is {self.region}, not {region!r:.40}.")


def is_api_request(message: HttpMessage) -> bool:
    """Whether a GET request is an API call rather than somebody who wants to see the page."""
    return "x-tc-action" in message.headers or "Action" in dict(parse_qsl(message.query[:_QUERY_LIMIT]))


def body_limit(headers: Mapping[str, str]) -> int:
    """How many bytes a request's body may have, by its content type."""
    return _FORM_LIMIT if _media_type(headers) == _FORM else _JSON_LIMIT


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _json_object(message: HttpMessage) -> dict[str, Any]:
    if _media_type(message.headers) != "application/json":
        raise refused("InvalidParameter", "The Content-Type of a request with X-TC-Action must be application/json.")
    try:
        text = message.body.decode()
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\ud" in text.lower():
            _require_text(value)
    except (ValueError, RecursionError) as error:
        raise refused("InvalidParameter", f"The body is not JSON: {error!s:.100}.") from None
    if not isinstance(value, dict):
        raise refused("InvalidParameter", "The body must be a JSON object.")
    _require_shallow(value, _DEEPEST_JSON)
    return value


def _require_text(value: object) -> None:
    """Half of a surrogate pair can be written in JSON, and is no character: who got it back could not print it.

    Raises:
        ValueError: there is one.
    """
    json.dumps(value, ensure_ascii=False).encode()


def _require_shallow(value: object, most: int) -> None:
    """What is nested deeper than any call of the API may be too deep to be shown or written down.

    Raises:
        CloudError: it is nested in more than ``most`` lists and objects.
    """
    if not isinstance(value, (dict, list)):
        return
    if not most:
        raise refused("InvalidParameter", f"The body has lists and objects in one another, more than {_DEEPEST_JSON}.")
    for item in value.values() if isinstance(value, dict) else value:
        _require_shallow(item, most - 1)


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _form_text(message: HttpMessage) -> str:
    if _media_type(message.headers) != _FORM:
        raise refused("MissingParameter", f"The header X-TC-Action (a request without it must be {_FORM}).")
    try:
        return message.body.decode("ascii")
    except UnicodeDecodeError:
        raise refused("InvalidParameter", "The body is not a form.") from None


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise refused("InvalidParameter", f"Not a list of parameters: {error!s:.100}.") from None
    return dict(pairs)


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """``{"Filters.0.Name": "vpc-id"}`` as ``{"Filters": [{"Name": "vpc-id"}]}``."""
    root: dict[str, Any] = {}
    for name, value in fields.items():
        *way, last = name.split(".")
        if len(way) >= _DEEPEST_FIELD:
            raise refused("InvalidParameter", f"{name!r:.60} is nested too deep.")
        place = root
        for key in way:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise refused("InvalidParameter", f"{name!r:.60} contradicts another parameter.")
        if last in place:
            raise refused("InvalidParameter", f"{name!r:.60} contradicts another parameter.")
        place[last] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _with_lists(item) for key, item in value.items()}
    if all(key.isascii() and key.isdigit() and len(key) < 6 for key in items):
        return [items[key] for key in sorted(items, key=int)]
    return items
