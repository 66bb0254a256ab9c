"""One world for each test that asks for one."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


@pytest.fixture
def world():
    from world import World

    made = World()
    yield made
    made.close()
