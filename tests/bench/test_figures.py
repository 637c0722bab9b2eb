"""The numbers' arithmetic and the places they are put in."""

import pytest
from figures import Target, Timing, duration, replace_block, table


def test_median_and_95th_percentile() -> None:
    timing = Timing(tuple(number / 1000 for number in range(1, 101)))
    assert timing.median == pytest.approx(0.0505)
    assert timing.p95 == pytest.approx(0.095)
    assert Timing((0.2,)).p95 == 0.2


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.00123, "1.23 ms"), (0.0456, "45.6 ms"), (0.789, "789 ms"), (1.2, "1.20 s"), (63.21, "63.2 s")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_target_is_met_up_to_its_limit() -> None:
    assert Target("a", 0.5, 0.5).met
    assert not Target("a", 0.51, 0.5).met


def test_a_table() -> None:
    assert table(("", "time"), [("a", "1 ms")]) == "|  | time |\n| --- | ---: |\n| a | 1 ms |"


def test_a_block_is_replaced_and_nothing_else() -> None:
    document = "before\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nafter\n"
    assert replace_block(document, "bench:x", "new") == document.replace("old", "new")
    assert replace_block(document, "bench:y", "new") == document
    assert replace_block("<!-- bench:x --> open", "bench:x", "new") == "<!-- bench:x --> open"
