"""The networks MESR is compared with, one readable file each, and readers of their weights."""
