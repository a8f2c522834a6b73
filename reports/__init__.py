"""Tables, figures, web page and LaTeX, made from the result files alone."""

from pipeline.support import arithmetic

arithmetic.prepare()  # before any module imports torch or numpy
