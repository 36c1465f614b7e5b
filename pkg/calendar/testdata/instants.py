#!/usr/bin/env python3
"""Writes instants.tsv: when rules come to pass, worked out without our code.

It knows no arithmetic of rules: it looks at every date, or at every minute, of
a span of time and asks Python's zoneinfo what the clocks show. Run it in this
folder: python3 instants.py > instants.tsv

A line has, by tabs: zone, start, end, rule (JSON), the first instant, the
seconds from each instant to the next as SECONDS or SECONDS*TIMES, and the notes
as PLACEgap or PLACEfold with the places counted from 0. Times are in seconds
since 1970.
"""

import calendar
import json
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
MINUTE = timedelta(minutes=1)
FIVES = set(range(0, 60, 5))


def shown(at, zone):
    return at.astimezone(zone).replace(tzinfo=None)


def resolve(naive, zone):
    """The instant of a wall time, and why it is another or one of two."""
    first = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if shown(first, zone) == naive:
        second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
        twice = second != first and shown(second, zone) == naive
        return first, "fold" if twice else None
    at = (naive - timedelta(hours=30)).replace(tzinfo=UTC)
    while not (shown(at, zone) > naive and shown(at - MINUTE, zone) < naive):
        at += MINUTE
    while shown(at - timedelta(seconds=1), zone) > naive:
        at -= timedelta(seconds=1)
    return at, "gap"


def field(text, low, high):
    out = set()
    for part in text.split(","):
        part, _, step = part.partition("/")
        if part == "*":
            a, b = low, high
        elif "-" in part:
            a, b = map(int, part.split("-"))
        else:
            a, b = int(part), high if step else int(part)
        out.update(range(a, b + 1, int(step or 1)))
    return out


class CronLine:
    def __init__(self, text):
        minute, hour, dom, month, dow = text.split()
        self.minutes, self.hours = field(minute, 0, 59), field(hour, 0, 23)
        self.doms, self.months, self.dows = field(dom, 1, 31), field(month, 1, 12), field(dow, 0, 6)
        self.either = dom != "*" and dow != "*"

    def on(self, day):
        if day.month not in self.months:
            return False
        dom, dow = day.day in self.doms, day.isoweekday() % 7 in self.dows
        return dom or dow if self.either else dom and dow

    def times(self):
        return [(h, m) for h in sorted(self.hours) for m in sorted(self.minutes)]


def on(rule, start, day):
    """Whether a date is one of a rule by the day, week or month."""
    every, interval = rule["every"], rule.get("interval", 1)
    if day < start:
        return False
    if every == "day":
        return (day - start).days % interval == 0
    if every == "week":
        monday = lambda d: d - timedelta(days=d.isoweekday() - 1)
        weekdays = rule.get("weekdays", [start.isoweekday()])
        return (monday(day) - monday(start)).days // 7 % interval == 0 and day.isoweekday() in weekdays
    months = (day.year - start.year) * 12 + day.month - start.month
    last = calendar.monthrange(day.year, day.month)[1]
    return months % interval == 0 and day.day == min(rule.get("month_day", start.day), last)


def instants(rule, start, end, zone):
    begin = shown(start, zone)
    cron = CronLine(rule["cron"]) if rule["every"] == "cron" else None
    found = {}
    if cron and len(cron.hours) == 24:
        # the offsets of today are whole quarters of an hour
        step = timedelta(seconds=30) if start.year < 1980 else timedelta(minutes=5) if cron.minutes <= FIVES else MINUTE
        at = start
        while at < end:
            naive = shown(at, zone)
            if naive.second == 0 and naive.minute in cron.minutes and cron.on(naive.date()):
                twice = len({naive.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1)}) == 2
                found[at] = "fold" if twice else None
            at += step
        return found
    day = begin.date() - timedelta(days=2)
    while day <= shown(end, zone).date():
        if cron:
            walls = [datetime(day.year, day.month, day.day, h, m) for h, m in cron.times()] if cron.on(day) else []
        else:
            walls = [datetime.combine(day, begin.time())] if on(rule, begin.date(), day) else []
        for naive in walls:
            at, note = resolve(naive, zone)
            if not cron and naive == begin:
                at = start
            if start <= at < end and not (at in found and note == "gap"):
                found[at] = note
        day += timedelta(days=1)
    return found


def line(zone, start, end, rule):
    found = instants(rule, start, end, ZoneInfo(zone))
    ats = sorted(found)
    gaps = []
    for a, b in zip(ats, ats[1:]):
        seconds = int((b - a).total_seconds())
        if gaps and gaps[-1][0] == seconds:
            gaps[-1][1] += 1
        else:
            gaps.append([seconds, 1])
    words = [f"{s}*{n}" if n > 1 else f"{s}" for s, n in gaps]
    notes = [f"{i}{found[a]}" for i, a in enumerate(ats) if found[a]]
    first = int(ats[0].timestamp()) if ats else ""
    print(zone, int(start.timestamp()), int(end.timestamp()), json.dumps(rule), first, " ".join(words), " ".join(notes), sep="\t")


def local(zone, *parts, fold=0):
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


RULES = [
    ((2026, 1, 1, 2, 30), {"every": "day"}),
    ((2026, 1, 1, 0, 0), {"every": "day"}),
    ((2026, 1, 1, 0, 30), {"every": "day"}),
    ((2026, 1, 1, 23, 30), {"every": "day", "interval": 3}),
    ((2026, 1, 1, 1, 15), {"every": "day", "interval": 2}),
    ((2026, 1, 6, 2, 0), {"every": "week", "weekdays": [1]}),
    ((2026, 1, 1, 3, 0), {"every": "week", "weekdays": [7, 5], "interval": 2}),
    ((2026, 1, 31, 9, 0), {"every": "month"}),
    ((2026, 2, 10, 2, 45), {"every": "month", "month_day": 29}),
    ((2026, 3, 31, 1, 30), {"every": "month", "month_day": 30, "interval": 2}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "30 2 * * *"}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "0,30 0-3 * * 0"}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "15 */6 * * *"}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "* 2 * 3,4,10,11 *"}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "0 9 13 * 5"}),
    ((2026, 1, 1, 0, 0), {"every": "cron", "cron": "5 * * * *"}),
]

# Looked at around the changes of a year only.
DENSE = [{"every": "cron", "cron": "*/15 * * * *"}, {"every": "cron", "cron": "* * * * 0,5"}]

ZONES = """UTC Europe/Berlin Europe/Moscow Europe/London Europe/Dublin America/New_York America/St_Johns America/Sao_Paulo
America/Havana America/Santiago America/Nuuk Asia/Beirut Africa/Cairo Africa/Casablanca Asia/Tehran Asia/Kolkata
Asia/Kathmandu Australia/Lord_Howe Australia/Adelaide Pacific/Chatham Pacific/Apia Pacific/Kiritimati Atlantic/Azores
Antarctica/Troll""".split()

# Where clocks did more than an hour forward at two in the morning.
HISTORY = [
    ("Pacific/Apia", (2011, 12, 20), (2012, 1, 10)),  # a day skipped
    ("Pacific/Kwajalein", (1993, 8, 10), (1993, 9, 1)),  # a day skipped
    ("Pacific/Kiritimati", (1994, 12, 20), (1995, 1, 10)),  # a day skipped
    ("America/Sao_Paulo", (2017, 9, 1), (2019, 3, 1)),  # at midnight, both ways
    ("Asia/Tehran", (2021, 3, 1), (2022, 12, 1)),  # at midnight
    ("Africa/Cairo", (2014, 4, 1), (2014, 11, 1)),  # four changes in half a year
    ("Asia/Pyongyang", (2015, 8, 1), (2018, 6, 1)),  # half an hour, both ways
    ("America/Caracas", (2007, 11, 1), (2016, 6, 1)),  # half an hour, both ways
    ("Europe/Volgograd", (2018, 10, 1), (2021, 1, 31)),
    ("Africa/Monrovia", (1971, 12, 20), (1972, 1, 20)),  # from -0:44:30
    ("America/Juneau", (1983, 10, 20), (1983, 12, 5)),  # two hours back
]


def main():
    for zone in ZONES:
        for start, rule in RULES:
            line(zone, local(zone, *start), datetime(2028, 1, 1, tzinfo=UTC), rule)
        for begin, end in ((3, 20), (4, 28)), ((9, 1), (9, 8)), ((10, 20), (11, 5)):
            for rule in DENSE:
                line(zone, local(zone, 2026, *begin, 0, 0), datetime(2026, *end, tzinfo=UTC), rule)
    for zone, begin, end in HISTORY:
        for start, rule in RULES:
            line(zone, local(zone, *begin, *start[3:]), local(zone, *end), rule)
    # leap days, and a start in the second pass of a fold
    berlin = "Europe/Berlin"
    for rule in (
        {"every": "month", "month_day": 31},
        {"every": "month", "interval": 12},
        {"every": "cron", "cron": "0 12 29 2 *"},
        {"every": "cron", "cron": "0 12 * 2 1"},
    ):
        line(berlin, local(berlin, 2028, 2, 29, 12, 0), datetime(2041, 1, 1, tzinfo=UTC), rule)
    for rule in (
        {"every": "day"},
        {"every": "week", "weekdays": [7], "interval": 5},
        {"every": "cron", "cron": "45 2 * * *"},
        {"every": "cron", "cron": "0,45 * * * *"},
    ):
        line(berlin, local(berlin, 2026, 10, 25, 2, 30, fold=1), datetime(2027, 12, 1, tzinfo=UTC), rule)


if __name__ == "__main__":
    main()
