"""Prints dates as Python writes them, with their seconds since 1970, in JSON.

    dates.py days | texts | instants | year YEAR | spans
"""

import datetime
import email.utils
import json
import random
import sys

UTC = datetime.timezone.utc
EPOCH = datetime.date(1970, 1, 1)
DAY = datetime.timedelta(1)


def sample(text, seconds):
    return {"text": text, "seconds": seconds}


def seconds_of(day):
    return (day - EPOCH).days * 86400


def days():
    """Every day from 1970 to 2100, and many of other years."""
    random.seed(5)
    found = [EPOCH + DAY * number for number in range((datetime.date(2101, 1, 1) - EPOCH).days)]
    found += [datetime.date.fromordinal(random.randint(1, datetime.date.max.toordinal())) for _ in range(5000)]
    return [sample(str(day), seconds_of(day)) for day in found]


def texts():
    """Points in time in each form that an API may write, in several time zones."""
    random.seed(7)
    found = []
    for _ in range(3000):
        zone = datetime.timezone(datetime.timedelta(minutes=random.choice([0, 0, 60, -300, 330, 765, -719, 840])))
        moment = datetime.datetime.fromtimestamp(random.randint(-62000000000, 250000000000), zone)
        seconds = int(moment.timestamp())
        found.append(sample(email.utils.format_datetime(moment), seconds))
        found.append(sample(moment.isoformat(), seconds))
        utc = moment.astimezone(UTC)
        found.append(sample(utc.strftime("%d %b ") + f"{utc.year:04} " + utc.strftime("%H:%M:%S GMT"), seconds))
        fraction = utc.replace(microsecond=random.randrange(1000000))
        found.append(sample(fraction.isoformat().replace("+00:00", "Z"), seconds))
    return found


def instants():
    """Points in time, in UTC."""
    random.seed(9)
    moments = [random.randint(-62000000000, 250000000000) for _ in range(5000)] + [-1, 0, 86399, 86400]
    start = datetime.datetime(1970, 1, 1)
    return [sample((start + datetime.timedelta(seconds=moment)).isoformat() + "Z", moment) for moment in moments]


def year(number):
    """Every day of a year."""
    day, found = datetime.date(int(number), 1, 1), []
    while day.year == int(number):
        found.append(sample(day.strftime("%Y-%m-%d"), seconds_of(day)))
        day += DAY
    return found


def spans():
    """Every year, month and day until 2099, by name: the seconds of its beginning and of its end."""
    day, found = EPOCH, {}
    while day.year < 2100:
        found[day.strftime("%Y/%m/%d")] = [seconds_of(day), seconds_of(day + DAY)]
        if day.day == 1:
            found[day.strftime("%Y/%m")] = [seconds_of(day), seconds_of((day + 31 * DAY).replace(day=1))]
        if day.day == day.month == 1:
            found[day.strftime("%Y")] = [seconds_of(day), seconds_of(day.replace(year=day.year + 1))]
        day += DAY
    return found


programs = {"days": days, "texts": texts, "instants": instants, "year": year, "spans": spans}
print(json.dumps(programs[sys.argv[1]](*sys.argv[2:])))
