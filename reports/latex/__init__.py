"""The report on paper: LaTeX sources of tables, figures and the whole document."""
