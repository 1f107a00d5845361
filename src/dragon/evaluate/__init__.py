"""Scores: what an answerer gets right, how often it abstains when it should, beside a plain baseline."""
