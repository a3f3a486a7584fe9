import argparse

import pytest

from edge.cli.signal_mixed import add_arguments, mixed
from edge.errors import ConfigError


def called(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return mixed(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("build",), "name it with --out DIR"),
        (("build", "--out", "x", "--arm-lanes", "3"), "two numbers, such as 3,2"),
        (("build", "--out", "x", "--arm-lanes", "3,b"), "write whole numbers"),
        (("check", "--lanes", "9"), "9 lanes is outside 1 to 5"),
        (("check", "--greens", "2"), "at least 4 greens"),
    ],
)
def test_wrong_words_are_refused_with_what_to_write(words, sentence):
    with pytest.raises(ConfigError, match=sentence):
        called(*words)


def test_a_scene_out_of_bounds_writes_nothing(tmp_path):
    with pytest.raises(ConfigError, match="junctions 0 is outside 1 to 20"):
        called("build", "--out", str(tmp_path), "--junctions", "0")
    assert list(tmp_path.iterdir()) == []
