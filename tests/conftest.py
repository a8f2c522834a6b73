"""Settings that all tests share."""

import hypothesis
import torch

# Machines are shared: a slow example is no failure, and one thread is quicker than two threads
# that wait for each other at every tiny operation.
hypothesis.settings.register_profile("shared", deadline=None, print_blob=True)
hypothesis.settings.load_profile("shared")
torch.set_num_threads(1)
