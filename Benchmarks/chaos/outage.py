"""Reads while the service ends and begins again."""

import time

from chaos import library
from chaos.harness import none, row, told, within
from chaos.proxy import Proxy
from chaos.readers import Exercise, await_reading, exercise, late, wrong


def rows(sizes):
    count = 3 if sizes.is_quick else 20
    figures = (
        wrong(f"24 threads that read while the service is stopped and started {count} times"), late(),
        told("… reads that failed", "1", "errors"), told("… the longest", "s", "longest"),
        within("… from the service's return until each file can be read", "s", 20, "return"),
        none("… later reads that failed", "later"))
    return [row("outage", figures, lambda chaos: _measure(chaos, count), (
        "connections of the service are reset when it is stopped, and refused until it is started; some outages are "
        "longer than reads wait for.",))]


def _measure(chaos, count):
    account = chaos.account(library.originals(chaos, chaos.amount(60, 15), library.LARGE))
    proxies = [
        chaos.enter(Proxy(chaos, name, ("127.0.0.1", int(url.rsplit(":", 1)[1]))))
        for name, url in (("api", account.api_url), ("media", account.media_url))]
    account.set_behaviour(mediaOrigin=f"http://127.0.0.1:{proxies[1].port}")
    mounted = chaos.mounted(account, "--memory", "32M", api_url=f"http://127.0.0.1:{proxies[0].port}")
    recordings = list(account.recordings.values())
    outages = [_length(chaos, number) for number in range(count)]
    pauses = [chaos.random.uniform(0.5, chaos.amount(5, 1)) for _ in outages]
    reading = Exercise(
        chaos, recordings, mounted.path, "during", threads=24, forget=300, seconds=int(sum(outages + pauses)) + 2)
    for pause, outage in zip(pauses, outages):
        time.sleep(pause)
        _switch(chaos, proxies, False)
        time.sleep(outage)
        _switch(chaos, proxies, True)
    back = await_reading([mounted.path / one.place for one in recordings])
    during = reading.tally()
    later = exercise(
        chaos, recordings, mounted.path, "later", threads=24, forget=300, count=chaos.amount(20_000, 2000))
    return {
        "wrong": during.wrong + later.wrong, "late": during.late + later.late, "errors": during.errors,
        "longest": max(during.longest, later.longest), "return": back, "later": later.errors}


def _length(chaos, number):
    """How long an outage is: each fifth is one that reads don't survive."""
    if number % 5 == 4:
        return chaos.random.uniform(22, 40)
    return chaos.random.uniform(0.1, chaos.amount(8, 1.5))


def _switch(chaos, proxies, is_on):
    chaos.note("service", is_on=is_on)
    for proxy in proxies:
        if is_on:
            proxy.start()
        else:
            proxy.stop()
