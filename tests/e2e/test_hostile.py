"""The hostile load itself: every kind of client reaches the server, and the table has the results."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.hostile import kinds
from tests.e2e.hostile.cores import ALL_ELSE, ProcessorTime
from tests.e2e.hostile.observer import Look, ToldLag, lag_told
from tests.e2e.hostile.plan import Client, OwnedSession, Plan, Seen
from tests.e2e.hostile.report import Run, ServerFigures, growth, near, table
from tests.e2e.server import ROOT

SMALL = ("--seconds", "6", "--hostile", "14", "--ordinary", "4", "--long", "4", "--very-long", "8")


def test_every_kind_of_client_reaches_a_server_and_is_told_of() -> None:
    command = [sys.executable, "-m", "tests.e2e.hostile", *SMALL]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr  # how fast this machine is now is not what is tested
    assert done.stderr == ""
    assert re.search(r"^\d+ of \d+ bounds hold$", done.stdout, re.MULTILINE), done.stdout
    met = set(re.findall(r"^(\S[^,\n]*?) +\d+ × ", done.stdout, re.MULTILINE))
    assert met >= {kinds.ORDINARY, *kinds.KINDS} - {"unread streams"}, (
        done.stdout
    )  # they say nothing in so short a time


def server_figures(**changes: Any) -> ServerFigures:
    looks = [Look(float(at), memory=100, children=50, connections=3) for at in range(0, 121, 2)]
    values = {"looks": looks, "probes": [1.0], "gauge": 20.0, "raised": [], "left_open": 1, "stop_seconds": 2.0}
    return ServerFigures(**{**values, **changes})


def run(*, seen: Seen | None = None, server: ServerFigures | None = None, **changes: Any) -> Run:
    good = Seen({"ordinary": {"answered": 2}}, {"selection": [100.0], "message": [200.0]})
    return Run(120, seen or good, [server or server_figures()], **changes)


def grown(share: float) -> list[Look]:
    return [Look(float(at), 100 * (1 + share * (at > 90)), 50, 3) for at in range(0, 121, 2)]


def test_a_run_in_which_all_is_well_holds_every_bound() -> None:
    assert run().all_bounds_hold
    assert table(run()).splitlines()[-1] == "9 of 9 bounds hold"
    assert run(server=server_figures(looks=grown(0.04)), hung_seconds=[2.0]).all_bounds_hold


@pytest.mark.parametrize(
    "wrong",
    [
        run(seen=Seen({"ordinary": {"answered": 2}}, {"selection": [100.0], "message": [1001.0]})),
        run(seen=Seen({"ordinary": {"answered": 2}}, {"selection": [100.0]}, ["no whole answer"])),
        run(seen=Seen()),
        run(seen=Seen({"ordinary": {"answered": 2}, "malformed": {"500 (root path)": 1}}, {"selection": [100.0]})),
        run(server=server_figures(gauge=101.0)),
        run(server=server_figures(gauge=None, probes=[1.0, 101.0])),
        run(server=server_figures(looks=grown(0.06))),
        run(server=server_figures(raised=["ValueError: what"])),
        run(server=server_figures(left_open=6)),
        run(server=server_figures(stop_seconds=None)),
        run(thawed=1),
        run(hung_seconds=[2.0, 5.1]),
    ],
    ids=str,
)
def test_each_bound_is_missed_by_what_it_forbids(wrong: Run) -> None:
    assert not wrong.all_bounds_hold
    assert table(wrong).count("MISSED") == 1


def test_the_servers_own_metric_counts_before_what_is_seen_from_outside() -> None:
    assert run(server=server_figures(gauge=20.0, probes=[1.0, 500.0])).all_bounds_hold


def test_the_greatest_lag_that_a_server_tells_is_read_from_its_metrics() -> None:
    told = """# TYPE leafresh_event_loop_lag_seconds gauge
leafresh_event_loop_lag_seconds 0.002
leafresh_event_loop_lag_max_seconds 0.25
leafresh_event_loop_lag_seconds_count 9000.0
leafresh_listeners 7.0
"""
    assert lag_told(told) == 250
    assert lag_told("leafresh_listeners 7.0\n") is None


def test_a_lag_before_the_load_does_not_count_while_the_server_remembers_it() -> None:
    under_load = ToldLag()
    for told, elapsed in ((250, 0), (250, 30)):
        under_load.note(told, elapsed)
    assert under_load.greatest == 0
    under_load.note(300, 40)
    assert under_load.greatest == 300
    forgotten = ToldLag()
    for told, elapsed in ((250, 0), (40, 61)):
        forgotten.note(told, elapsed)
    assert forgotten.greatest == 40


def test_processor_time_is_told_in_cores_and_what_nobody_claims_is_of_the_rest() -> None:
    before = ProcessorTime(10, 100, {"this tool": 1, "server 1": 5})
    after = ProcessorTime(20, 115, {"this tool": 3, "server 1": 9, "server 2": 9})
    assert after.cores_since(before) == {"this tool": 0.2, "server 1": 0.4, ALL_ELSE: pytest.approx(0.9)}


def test_a_machine_that_did_something_else_is_told_of_and_changes_no_verdict() -> None:
    warning = "Something else used 1.6 cores meanwhile: the times above cannot be relied on."
    assert warning in table(run(cores={ALL_ELSE: 1.6})).splitlines()
    assert table(run(cores={ALL_ELSE: 1.6})).splitlines()[-1] == "9 of 9 bounds hold"
    assert "relied on" not in table(run(cores={ALL_ELSE: 0.4}))


def test_memory_that_grew_early_and_then_stays_is_flat() -> None:
    looks = [Look(float(at), 100.0 + min(at, 60), 0, 0) for at in range(0, 121, 2)]
    assert growth(looks, 120) == 0
    assert near(looks, 20.9) == looks[10]


def test_plans_and_what_was_seen_pass_between_processes_unchanged() -> None:
    plan = Plan("http://127.0.0.1:1", 5, 1, [Client("reading", "127.0.2.1", [OwnedSession("a", 9, {"Cookie": "b=c"})])])
    assert Plan.from_json(plan.as_json()) == plan
    seen = Seen({"reading": {"200": 1}}, {"selection": [1.5]}, ["error"], [2.5], [0.5])
    assert Seen.from_json(seen.as_json()) == seen
    whole = Seen.together([seen, Seen({"reading": {"200": 2, "429": 1}}, {"message": [3.0]})])
    expected = Seen({"reading": {"200": 3, "429": 1}}, {"selection": [1.5], "message": [3.0]}, ["error"], [2.5])
    assert whole == expected
