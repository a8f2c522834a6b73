"""Settings that all tests share."""

import gc

import hypothesis
import pytest
import torch

# Machines are shared: a slow example is no failure, and one thread is quicker than two threads
# that wait for each other at every tiny operation.
hypothesis.settings.register_profile("shared", deadline=None, print_blob=True)
hypothesis.settings.load_profile("shared")
torch.set_num_threads(1)

# Minutes each, so they begin first where several processes share the tests.
LONG = ("test_end_to_end.py", "pipeline/scheduling/test_cluster.py", "test_portable.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))


def pytest_collection_finish() -> None:
    """Spare garbage collections the objects of imported libraries: statsmodels asks for many."""
    gc.collect()
    gc.freeze()
