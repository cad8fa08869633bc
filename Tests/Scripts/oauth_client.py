"""Lists an account's recordings with twilio-python and OAuth, and prints how it asked for the token.

Usage: oauth_client.py SIMULATOR_URL ACCOUNT_SID CLIENT_ID CLIENT_SECRET

Requests to Twilio's hosts go to the simulator instead; all else is twilio-python's.
"""
import json
import sys
from urllib.parse import parse_qsl, urlsplit

import requests
from twilio.credential.client_credential_provider import ClientCredentialProvider
from twilio.http.client_token_manager import ClientTokenManager
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

simulator, account, client_id, client_secret = sys.argv[1:]
token_requests = []


class Redirected(requests.Session):
    """Sends every request to the simulator."""

    def send(self, request, **options):
        """Keeps what asks for a token, and sends the request to another host."""
        parts = urlsplit(request.url)
        if parts.hostname == "oauth.twilio.com":
            token_requests.append(
                {
                    "method": request.method,
                    "url": request.url,
                    "type": request.headers["Content-Type"],
                    "fields": dict(parse_qsl(request.body)),
                }
            )
        request.url = simulator + parts.path + ("?" + parts.query if parts.query else "")
        return super().send(request, **options)


http_client = TwilioHttpClient()
http_client.session = Redirected()
manager = ClientTokenManager("client_credentials", client_id, client_secret)
# It makes its own client, without credentials, for the request for a token.
manager.client = Client("none", "none", http_client=http_client)
provider = ClientCredentialProvider(client_id, client_secret, token_manager=manager)
client = Client(
    account_sid=account, credential_provider=provider, http_client=http_client
)
client.recordings.list(limit=1)
assert len(token_requests) == 1, token_requests
print(json.dumps(token_requests[0]))
