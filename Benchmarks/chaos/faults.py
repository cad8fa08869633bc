"""The faults of a service that is in a bad way, which several rows share."""

NOTE = (
    "of all requests, 20 % are answered 503, 10 % 429, 5 % are reset and 2 % stall somewhere in their answers; "
    "addresses of media live for a second.")


def rules(chaos, unavailable=0.2, throttled=0.1, reset=0.05, stalled=0.02):
    """Rules for the simulator that together hit these shares of all requests."""
    actions = (
        (unavailable, {"type": "status", "code": 503}), (throttled / 2, {"type": "status", "code": 429}),
        (throttled / 2, {"type": "status", "code": 429, "retryAfter": 1}), (reset, {"type": "reset"}))
    chosen, left = [], 1.0
    for share, action in actions:
        # A rule decides about the requests that the rules before it have spared.
        chosen.append({"probability": share / left, "seed": chaos.seed(), "action": action})
        left -= share
    # Silence takes a quarter of a minute until it is noticed: in a short run there is one.
    which = {"after": chaos.random.randint(5, 15), "count": 1} if chaos.is_quick else {"probability": stalled / left}
    return chosen + ([{**which, "seed": chaos.seed(), "action": {"type": "stall"}}] if stalled else [])


def begin(chaos, account, life=1, **shares):
    """Has an account be in a bad way from now on."""
    account.set_behaviour(urlLifetimeSeconds=life)
    account.add_faults(*rules(chaos, **shares))
