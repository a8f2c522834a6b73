"""Tables, figures, web page and LaTeX, made from the result files alone."""
