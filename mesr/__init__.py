"""MESR, the multistage enhancement network for image super-resolution.

Huang & Chen, "MESR: Multistage Enhancement Network for Image Super-Resolution", IEEE Access 10,
2022. Read `network.py` and `blocks.py` side by side with equations (1)-(21) of the paper;
`docs/paper-reading.md` gives the reason for each choice that the paper leaves open.
"""
