"""Prints what botocore takes from the environment and the AWS tools' files, in JSON.

The only argument is a profile, as on the command line.
"""

import json
import sys

import botocore.session

session = botocore.session.Session(profile=sys.argv[1] if len(sys.argv) > 1 else None)
# Machines of Amazon's have credentials too; nothing is asked for them.
session.get_component("credential_provider").remove("iam-role")
key = session.get_credentials()
print(
    json.dumps(
        {
            "key": key and key.access_key,
            "secret": key and key.secret_key,
            "token": key and key.token,
            "region": session.get_config_variable("region"),
        }
    )
)
