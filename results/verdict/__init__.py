"""From figures to judgement: findings, diagnosis, verdict with its reasons, and the summary of all. Pure."""
