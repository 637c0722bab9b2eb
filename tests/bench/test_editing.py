"""The questions are asked where something is written, and a good answer is one that holds what is meant."""

from editing import Answers, completions, hovers, targets
from task_module import generate

TEXT = generate(3000)


def test_completions_are_asked_in_decorators_and_calls() -> None:
    lines = TEXT.split("\n")
    asked = completions(TEXT, 1000)
    assert {question.wanted for question in asked} == {"bind", "expires"}
    for question in asked:
        before, behind = (
            lines[question.place.line][: question.place.character],
            lines[question.place.line][question.place.character :],
        )
        assert before.endswith("(") if question.wanted == "bind" else behind == ")"
        assert question.wanted not in lines[question.place.line]


def test_hovers_are_asked_on_what_they_want() -> None:
    lines = TEXT.split("\n")
    for question in hovers(TEXT, 1000):
        assert question.wanted in lines[question.place.line]
        assert lines[question.place.line][question.place.character - 1 :].startswith(question.wanted)


def test_questions_are_spread_over_the_text() -> None:
    few = hovers(TEXT, 5)
    assert len(few) == 5
    assert few[-1].place.line > 1000


def test_the_target_is_ten_milliseconds() -> None:
    answers = Answers(completions=[0.005, 0.005], hovers=[0.02])
    assert [target.met for target in targets({"celeryls": answers})] == [True, False]
    assert targets({}) == []
