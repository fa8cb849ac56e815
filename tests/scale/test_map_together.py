"""Work in several threads."""

import threading

import pytest

from cfr_icl.scale.together import FreeWorker, map_together


def test_each_item_is_done_once_by_a_worker_that_is_free():
    done, locks = [], [threading.Lock() for _ in range(3)]

    def worker(number):
        def work(item):
            assert locks[number].acquire(blocking=False)  # one item at a time
            done.append(item)
            locks[number].release()
            return item * item

        return work

    results = map_together(FreeWorker([worker(number) for number in range(3)]), range(50), 3)
    assert sorted(results) == [item * item for item in range(50)] and sorted(done) == list(range(50))


def test_an_error_ends_the_work():
    taken = []

    def work(item):
        if item == 5:
            raise ValueError("The fifth.")
        return item

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    with pytest.raises(ValueError, match="The fifth"):
        list(map_together(work, items(), 2))
    assert len(taken) < 20
