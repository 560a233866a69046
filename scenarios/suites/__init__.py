"""The standard scenarios against relay versions: played one after another, and where each version stands."""
