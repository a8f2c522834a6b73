"""The one exception type that ends a stage with a message instead of a traceback."""


class UserError(Exception):
    """Something the user can correct: a file, a parameter, a missing download.

    The message names the file or parameter, what was found, what was expected and what to do.
    Entry points print it alone, without a traceback, and exit with status 1.
    """
