"""The faults of a service that is in a bad way, which several rows share."""

NOTE = (
    "of all requests, 20 % are answered 503, 10 % 429, 5 % are reset and 2 % stall somewhere in their answers; "
    "addresses of media live for a second.")


def rules(chaos, unavailable=0.2, throttled=0.1, reset=0.05, stalled=0.02):
    """Rules for the simulator that together hit these shares of all requests."""
    actions = (
        (unavailable, {"type": "status", "code": 503}), (throttled / 2, {"type": "status", "code": 429}),
        (throttled / 2, {"type": "status", "code": 429, "retryAfter": 1}), (reset, {"type": "reset"}),
        (stalled, {"type": "stall"}))
    chosen, left = [], 1.0
    for share, action in actions:
        # A rule decides about the requests that the rules before it have spared.
        chosen.append({"probability": share / left, "seed": chaos.seed(), "action": action})
        left -= share
    return chosen


def begin(chaos, account, life=1, **shares):
    """Has an account be in a bad way from now on."""
    account.set_behaviour(urlLifetimeSeconds=life)
    account.add_faults(*rules(chaos, **shares))
