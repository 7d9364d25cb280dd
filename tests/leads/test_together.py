"""Many callers, few transactions: everybody gets their own answer."""

import threading

import pytest
from django.db import OperationalError

from leads.services.together import Together

POISON = -1


class Desk:
    """Saves numbers. The first caller is held until `others` wait behind it."""

    def __init__(self, others):
        self.together = Together(self.save_all)
        self.others, self.saved, self.first = others, [], threading.Event()

    def save_all(self, numbers, group):
        if not self.first.is_set():
            self.first.set()
            while len(self.together.waiting) < self.others:
                threading.Event().wait(0.001)
        if POISON in numbers:
            raise ValueError("spoilt")
        self.saved.append((group, list(numbers)))
        return [number * 10 for number in numbers]

    def run(self, *parts):
        """What each part was answered; the first goes ahead alone."""
        answers = {}

        def call(part):
            try:
                answers[part] = self.together.save(*part)
            except Exception as error:
                answers[part] = type(error)

        threads = [threading.Thread(target=call, args=[part]) for part in parts]
        threads[0].start()
        self.first.wait(10)
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join(10)
        return answers


def test_who_comes_while_one_is_saved_is_saved_in_one_go():
    desk = Desk(others=20)

    answers = desk.run(*((number, "key") for number in range(21)))

    assert answers == {(number, "key"): number * 10 for number in range(21)}
    assert [len(numbers) for _, numbers in desk.saved] == [1, 20]


def test_two_keys_are_never_in_one_transaction():
    desk = Desk(others=4)

    desk.run((1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b"))

    assert sorted((group, sorted(numbers)) for group, numbers in desk.saved) == [
        ("a", [1]),
        ("a", [2, 4]),
        ("b", [3, 5]),
    ]


def test_one_that_cannot_be_saved_spoils_no_other():
    desk = Desk(others=3)

    answers = desk.run((1, "a"), (2, "a"), (POISON, "a"), (3, "a"))

    assert answers == {(1, "a"): 10, (2, "a"): 20, (POISON, "a"): ValueError, (3, "a"): 30}


def test_a_server_that_is_away_is_away_for_all_and_is_asked_once():
    asked = []

    def save_all(numbers, group):
        asked.append(numbers)
        raise OperationalError("away")

    with pytest.raises(OperationalError):
        Together(save_all).save(1, "a")
    assert asked == [[1]]
