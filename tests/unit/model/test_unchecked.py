"""The findings of a plain listing, which are made when they are looked at."""

from __future__ import annotations

import operator
import pickle

import msgspec

from envcensus.model.census import Survey
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding, Unchecked

DISTRIBUTIONS = tuple([Distribution(name, name, "1", f"/e/{name}-1.dist-info") for name in ("a", "b", "c")])
FINDINGS = tuple([Finding(distribution=each, state="unchecked") for each in DISTRIBUTIONS])


def test_they_are_a_sequence_of_findings() -> None:
    found = Unchecked(DISTRIBUTIONS)
    assert len(found) == 3
    assert list(found) == list(FINDINGS)
    assert found[1] == FINDINGS[1]
    assert found[1:] == FINDINGS[1:]
    assert FINDINGS[2] in found
    assert list(reversed(found)) == list(reversed(FINDINGS))
    assert found[0] is next(iter(found))  # made once
    assert not Unchecked(())


def test_they_compare_as_the_tuple_they_stand_for() -> None:
    found = Unchecked(DISTRIBUTIONS)
    assert found == FINDINGS
    assert operator.eq(FINDINGS, found)  # with the tuple on the left
    assert found == Unchecked(DISTRIBUTIONS)
    assert found != Unchecked(DISTRIBUTIONS[1:])
    assert hash(found) == hash(FINDINGS)
    assert repr(found) == repr(FINDINGS)
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_survey_tells_what_is_installed_either_way() -> None:
    environment = Environment(path="/e", kind="venv", python="3.12", implementation="cpython", site_dirs=())
    plain = Survey(environment=environment, findings=FINDINGS)
    lazy = msgspec.structs.replace(plain, findings=Unchecked(DISTRIBUTIONS))
    assert list(plain.distributions) == list(lazy.distributions) == list(DISTRIBUTIONS)
    assert plain == lazy
    assert repr(plain) == repr(lazy)
