"""Settings that all tests share."""

import hypothesis

# Machines are shared: a slow example is no failure.
hypothesis.settings.register_profile("shared", deadline=None, print_blob=True)
hypothesis.settings.load_profile("shared")
