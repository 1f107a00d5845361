"""Answers made of verbatim, cited evidence, or the plain word that the documents do not say."""

from dragon.answer.answerer import Answerer
from dragon.answer.types import Answer, Citation

__all__ = ["Answer", "Answerer", "Citation"]
