"""Has Twilio's own library make the tokens of Public Key Client Validation. Prints a list of tokens, in JSON.

    validation_tokens.py ACCOUNT API_KEY SECRET PUBLIC_KEY_SID PRIVATE_KEY_FILE < REQUESTS

REQUESTS is a list, in JSON, of objects with the members `method`, `url`, `body` and `time`.
They may have `claims`, which replace the library's own, and `signed`, the names of the header fields to sign.
"""

import base64
import json
import sys
from pathlib import Path
from unittest import mock
from urllib.parse import urlparse

from twilio.http.validation_client import ValidationPayload
from twilio.jwt.validation import ClientValidationJwt


def token(request, account, api_key, secret, public_key_sid, private_key):
    url = urlparse(request["url"])
    # As the library's ValidationClient takes them from a request; it adds no other header fields to those it signs.
    login = base64.b64encode(f"{api_key}:{secret}".encode()).decode()
    payload = ValidationPayload(
        method=request["method"], path=url.path, query_string=url.query,
        all_headers={"Host": url.netloc, "Authorization": f"Basic {login}", "User-Agent": "other"},
        signed_headers=request.get("signed") or ["authorization", "host"], body=request["body"])
    jwt = ClientValidationJwt(account, api_key, public_key_sid, private_key, payload)
    # The claim is optional.
    jwt.nbf = None
    for name, value in (request.get("claims") or {}).items():
        setattr(jwt, {"iss": "issuer", "sub": "subject"}.get(name, name), value)
    with mock.patch("time.time", return_value=request["time"]):
        return jwt.to_jwt()


def main(account, api_key, secret, public_key_sid, key_file):
    private_key = Path(key_file).read_text(encoding="ascii")
    requests = json.load(sys.stdin)
    json.dump(
        [token(request, account, api_key, secret, public_key_sid, private_key) for request in requests], sys.stdout)


main(*sys.argv[1:])
