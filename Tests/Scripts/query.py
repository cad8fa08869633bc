"""Prints the parameters of an address's query, in JSON.

    query.py ADDRESS
"""

import json
import sys
import urllib.parse

print(json.dumps(urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query, strict_parsing=True)))
