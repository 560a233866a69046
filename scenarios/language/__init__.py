"""The language of scenario and topology files: from text to the plan of a run, with one line for each mistake."""
