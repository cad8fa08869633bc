"""Lists an account with Twilio's own library, which signs the requests. Prints SIDs by kind or the error, in JSON.

    validation_client.py API_URL ACCOUNT API_KEY SECRET PUBLIC_KEY_SID PRIVATE_KEY_FILE

Without the last two the requests aren't signed.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.validation_client import ValidationClient
from twilio.rest import Client


def leading_to(api_url, kind, *arguments):
    """A client of the library whose requests go to another server than Twilio's."""
    server = urlsplit(api_url)

    class Elsewhere(kind):
        def request(self, method, url, *rest, **named):
            parts = urlsplit(url)._replace(scheme=server.scheme, netloc=server.netloc)
            return super().request(method, urlunsplit(parts), *rest, **named)

    return Elsewhere(*arguments)


def main(api_url, account, api_key, secret, public_key_sid=None, key_file=None):
    if key_file:
        private_key = Path(key_file).read_text(encoding="ascii")
        http_client = leading_to(api_url, ValidationClient, account, api_key, public_key_sid, private_key)
    else:
        http_client = leading_to(api_url, TwilioHttpClient)
    client = Client(api_key, secret, account, http_client=http_client)
    try:
        found = {
            "recordings": [one.sid for one in client.recordings.list(page_size=2)],
            # A query with characters that have to be encoded.
            "later": [one.sid for one in client.recordings.list(date_created_after=datetime(2000, 1, 2))],
            "videoRecordings": [one.sid for one in client.video.v1.recordings.list(page_size=2)],
            "compositions": [one.sid for one in client.video.v1.compositions.list(page_size=2)],
            "publicKeys": [one.sid for one in client.accounts.v1.credentials.public_key.list()],
        }
    except TwilioException as error:
        # The library tells it of a page in this form only.
        found = {"code": json.loads(error.args[1].text)["code"]}
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
