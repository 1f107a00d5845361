"""Scores: what an answerer gets right and where it rightly abstains, beside a plain baseline."""
