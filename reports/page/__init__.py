"""The web page: what stands in it, its templates, style and script."""
