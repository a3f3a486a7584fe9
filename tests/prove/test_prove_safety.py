"""The campaigns of `ria prove`; the short one would notice a shield with a hole."""

import json

import pytest

from control.requests import Actuation
from control.safety import Shield
from edge.bench.safety.adversary import Adversary
from edge.bench.safety.explorer import World, explore
from edge.bench.safety.junctions import three
from edge.cli.main import run


class Open(Shield):
    """Lets everything through once it steers."""

    def step(self, state, seen, request, now_ms, commitments=()):
        state, told, verdicts = super().step(state, seen, request, now_ms, commitments)
        if told.remote and request is not None:
            told = Actuation(
                request.hold, request.force_off, request.omit, request.call, remote=True
            )
        return state, told, verdicts


def searched(budget_s, **options):
    world = World(three(), **options)
    return explore(world, "three", [world.first()], Adversary(world).moves, budget_s=budget_s)


def test_every_state_of_the_smallest_junction_is_safe():
    found = searched(60)
    assert found.complete
    assert not found.broken
    assert found.states > 500
    for rule in ("I1", "I2", "I3", "I4", "I5", "I6", "I9", "I15", "I18", "I19", "I31"):
        assert found.fired[rule], rule


def test_without_a_shield_the_same_search_finds_early_ends_and_traps():
    found = searched(1, shield=Open(three()))
    assert found.broken["I6"]
    assert found.broken["I31"]


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_the_short_proof(tmp_path):
    assert run(["prove", "safety", "--quick", "--json", str(tmp_path / "proof.json")]) == 0
    report = json.loads((tmp_path / "proof.json").read_text())
    assert report["violations"] == 0
    assert all(one["fired"] for one in report["invariants"].values())


@pytest.mark.campaign
@pytest.mark.timeout(3_600)
def test_no_mutant_of_the_shield_lives(tmp_path):
    assert run(["prove", "mutants", "--json", str(tmp_path / "mutants.json")]) == 0
    report = json.loads((tmp_path / "mutants.json").read_text())
    assert report["survivors"] == []
    assert report["equivalent"] <= 0.02 * report["mutants"]
