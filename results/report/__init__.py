"""What a person reads: tables, plots, and the rows of the terminal. It can be redone at any time."""
