"""The faults of a service that is in a bad way, which several rows share."""

NOTE = (
    "of all requests, 20 % are answered 503, 10 % 429, 5 % are reset and 2 % stall somewhere in their answers; "
    "addresses of media live for a second.")
_LARGEST = 400_000


def rules(chaos, stalls=0.02):
    """The rules for the simulator: each decides by itself, by its seed and the number of the request."""
    def somewhere():
        return chaos.random.choice((0, 1, 1000, 70_000, chaos.random.randrange(_LARGEST)))

    chosen = [
        {"probability": 0.2, "action": {"type": "status", "code": 503}},
        {"probability": 0.05, "action": {"type": "status", "code": 429}},
        {"probability": 0.05, "action": {"type": "status", "code": 429, "retryAfter": 1}},
    ]
    # Where in an answer they break off is part of the rule, so there are several.
    chosen += [{"probability": 0.01, "action": {"type": "reset", "afterBytes": somewhere()}} for _ in range(5)]
    chosen += [{"probability": stalls / 4, "action": {"type": "stall", "afterBytes": somewhere()}} for _ in range(4)]
    return [{**one, "seed": chaos.seed()} for one in chosen]


def begin(chaos, account, life=1, **more):
    """Has an account be in a bad way from now on."""
    account.set_behaviour(urlLifetimeSeconds=life)
    account.add_faults(*rules(chaos, **more))
