"""Loaded by Locust beside the user's file: reports what happens, and holds as many users as are wanted.

One JSON line at least each second, and more often when there is something to tell, goes to the file that is open as
SOAKWAVE_REPORTS; how many users there shall be is read from the file SOAKWAVE_WANTED. The schema of a line is in
locust.ts. Nothing here is part of anybody's locustfile.
"""

import json
import os
import resource
import signal
import time

import gevent
from locust import LoadTestShape, events

REPORT_SECONDS = 0.2
WANTED_SECONDS = 0.1
LOOP_SECONDS = 0.02
NAMES_MAX = 150
NAME_CHARACTERS_MAX = 120

parent = os.getppid()
counts = {}
errors = {}
delays = []


def name_of(request_type, name):
    full = f"{request_type} {name}"[:NAME_CHARACTERS_MAX]
    return full if full in counts or len(counts) < NAMES_MAX else "other"


def cause_of(exception, response):
    """Why a request counts as failed, in the harness's words."""
    status = getattr(response, "status_code", 0) or 0
    if status >= 400:
        return f"http-{status}"
    kind = type(exception).__name__
    if "CatchResponseError" in kind or isinstance(exception, (str, AssertionError)):
        return "check-own"
    if status == 0 and ("Timeout" in kind or "timed out" in str(exception)):
        return "timeout"
    return f"connection-{kind}" if status == 0 else "check-own"


def bucket_of(milliseconds):
    """Microseconds with three digits: as exact as the harness's own histograms, and few in number."""
    microseconds = max(1, round(milliseconds * 1000))
    step = 10 ** max(0, len(str(microseconds)) - 3)
    return microseconds // step * step


@events.request.add_listener
def on_request(request_type, name, response_time, response_length, exception=None, response=None, **_):
    entry = counts.setdefault(name_of(request_type, name), {"ok": 0, "failed": {}, "bytes": 0, "us": {}})
    entry["bytes"] += max(0, int(response_length or 0))
    status = getattr(response, "status_code", None)
    if exception:
        cause = cause_of(exception, response)
        entry["failed"][cause] = entry["failed"].get(cause, 0) + 1
        # Refusals, and what was never answered, would flatter the histogram.
        answered = cause == "check-own"
    else:
        entry["ok"] += 1
        answered = True
    if answered and (status is None or status > 0):
        microseconds = bucket_of(response_time or 0)
        entry["us"][microseconds] = entry["us"].get(microseconds, 0) + 1


@events.user_error.add_listener
def on_user_error(user_instance, exception, tb, **_):
    user = type(user_instance).__name__
    detail = f"{type(exception).__name__}: {exception}"[:300]
    entry = errors.setdefault(user, {"user": user, "count": 0, "detail": detail})
    entry["count"] += 1


def watch_loop():
    """By how much a short sleep comes late is by how much everything does."""
    while True:
        before = time.perf_counter()
        gevent.sleep(LOOP_SECONDS)
        delays.append(max(0.0, time.perf_counter() - before - LOOP_SECONDS))


def take_delay():
    ordered = sorted(delays)
    delays.clear()
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else 0.0


def resident_bytes():
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(environment, output, with_self):
    runner = environment.runner
    used = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "at": time.time() * 1000,
        "users": runner.user_count if runner else 0,
        "cpuSeconds": used.ru_utime + used.ru_stime,
        "rssBytes": resident_bytes(),
        "requests": [{"name": name, **entry} for name, entry in counts.items() if entry["ok"] or entry["failed"]],
        "errors": list(errors.values()),
    }
    if with_self:
        line["loopDelaySecondsP99"] = take_delay()
    for entry in counts.values():
        entry.update(ok=0, failed={}, bytes=0, us={})
    errors.clear()
    output.write(json.dumps(line) + "\n")
    output.flush()


def keep_reporting(environment, output):
    told_self = 0.0
    while True:
        gevent.sleep(REPORT_SECONDS)
        # Whoever started this is gone, and nobody would end it.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        now = time.monotonic()
        with_self = now - told_self >= 1
        if with_self:
            told_self = now
        try:
            report(environment, output, with_self)
        except OSError:
            os.kill(os.getpid(), signal.SIGTERM)
            return


@events.init.add_listener
def on_init(environment, **_):
    output = os.fdopen(int(os.environ["SOAKWAVE_REPORTS"]), "w", encoding="utf-8")
    report(environment, output, False)
    reporting = gevent.spawn(keep_reporting, environment, output)
    gevent.spawn(watch_loop)

    def on_quit(**_):
        reporting.kill()
        try:
            report(environment, output, True)
        except OSError:
            pass

    environment.events.quit.add_listener(on_quit)


class WantedUsers(LoadTestShape):
    """As many users as the wanted file says, from moment to moment."""

    last = None

    def tick(self):
        while True:
            try:
                with open(os.environ["SOAKWAVE_WANTED"], encoding="utf-8") as file:
                    wanted = json.load(file)
            except (OSError, ValueError):
                gevent.sleep(WANTED_SECONDS)
                continue
            if wanted["isOver"]:
                return None
            tick = (wanted["users"], wanted["spawnRate"])
            if tick != self.last and (self.last is not None or wanted["users"] > 0):
                self.last = tick
                return tick
            gevent.sleep(WANTED_SECONDS)
