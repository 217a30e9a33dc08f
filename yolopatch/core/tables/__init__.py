"""Tables for papers and programs, whatever they hold: their marks, and their forms as CSV, Markdown and LaTeX."""
