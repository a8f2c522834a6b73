"""The study's DVC stages, one module each, and the library they share."""

from pipeline.support import arithmetic

arithmetic.prepare()  # before any module imports torch or numpy
