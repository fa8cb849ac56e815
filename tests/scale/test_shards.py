"""Shares of a list."""

from pathlib import Path

import pytest

from cfr_icl.scale.progress import Progress
from cfr_icl.scale.shards import Shard


@pytest.mark.parametrize("count", [1, 2, 7, 12])
def test_every_entry_is_in_one_share(count):
    entries = list(range(10))
    shares = [Shard(number, count).of(entries) for number in range(1, count + 1)]
    assert sorted(entry for share in shares for entry in share) == entries
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "-1/2", "1/2/3", "1/99999", ""])
def test_a_malformed_share_is_refused_in_one_sentence(text):
    with pytest.raises(ValueError, match="shard is I/N"):
        Shard.parse(text)


def test_each_share_has_its_own_files():
    assert Shard.parse("2/8").file(Path("out/batch.jsonl")) == Path("out/batch-2-of-8.jsonl")
    assert Shard().file(Path("out/batch.jsonl")) == Path("out/batch.jsonl")


def test_progress_is_printed_with_the_number_of_failures(capsys):
    progress = Progress(2)
    progress.add()
    progress.add(failed=1)
    assert "2/2 pictures, 1 failed" in capsys.readouterr().err
