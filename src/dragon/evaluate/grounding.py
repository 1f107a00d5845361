"""Runs an answerer over questions and counts what is right: documents, spans, silence, quotes.

In: an index, a reader, questions. Out: one `Record` a question, and the metrics over them, beside a
baseline that shows the best sentence that BM25 finds and never abstains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dragon.answer.answerer import Answerer
from dragon.answer.types import Answer
from dragon.evaluate.questions import Question
from dragon.evaluate.scores import contains, exact_match, f1, interval, mean
from dragon.retrieval import Index
from dragon.retrieval.types import Hit
from dragon.text.sentences import sentence_spans
from dragon.text.words import content_stems


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one question.

    Attributes:
        question: the question.
        answer: what was answered.
        sentence: the baseline's answer.
        verbatim: True if every citation stands in its document at its offsets.
    """

    question: Question
    answer: Answer
    sentence: str
    verbatim: bool

    @property
    def quote(self) -> str:
        """The first citation's quote, empty where there is none."""
        return self.answer.citations[0].quote if self.answer.citations else ""

    @property
    def right(self) -> bool:
        """True if the answer holds an expected span, or abstains where there is none."""
        if not self.question.answerable:
            return self.answer.abstained
        return bool(contains(self.answer.answer, self.question.answers))


def run(
    index: Index,
    answerer: Answerer,
    questions: Sequence[Question],
    progress: Callable[[int], None] | None = None,
) -> list[Record]:
    """Answer all questions."""
    texts: dict[str, str] = {}
    records = []
    for number, question in enumerate(questions, 1):
        answer = answerer.ask(question.question)
        for c in answer.citations:
            if c.document not in texts:
                texts[c.document] = index.document_text(c.document)
        verbatim = all(texts[c.document][c.start : c.end] == c.quote for c in answer.citations)
        sentence = best_sentence(question.question, answer.passages)
        records.append(Record(question, answer, sentence, verbatim))
        if progress:
            progress(number)
    return records


def best_sentence(question: str, hits: Sequence[Hit]) -> str:
    """The baseline: the first passage's sentence with most of the question's content words."""
    if not hits:
        return ""
    wanted, text = content_stems(question), hits[0].passage.text
    sentences = [text[a:b] for a, b in sentence_spans(text)]
    return max(sentences, key=lambda s: len(wanted & content_stems(s)), default="")


def metrics(records: Sequence[Record]) -> dict[str, float]:
    """The scores of a run.

    Returns:
        recall_document (right document among the passages), recall_answer (an expected span in a
        passage), contains (the answer holds an expected span), exact_match and f1 of the quote,
        abstained (share of the unanswerable), over_refusal (share of the answerable), verbatim
        (share of answers all of whose quotes are true), each over the questions it applies to;
        baseline_* for the best sentence; counts.
    """
    yes = [r for r in records if r.question.answerable]
    no = [r for r in records if not r.question.answerable]
    given = [r for r in records if not r.answer.abstained]
    return {
        "recall_document": mean([_found_document(r) for r in yes if r.question.document]),
        "recall_answer": mean([_found_answer(r) for r in yes]),
        "contains": mean([float(r.right) for r in yes]),
        "exact_match": mean([exact_match(r.quote, r.question.answers) for r in yes]),
        "f1": mean([f1(r.quote, r.question.answers) if r.quote else 0.0 for r in yes]),
        "abstained": mean([float(r.answer.abstained) for r in no]),
        "over_refusal": mean([float(r.answer.abstained) for r in yes]),
        "verbatim": mean([float(r.verbatim) for r in given]),
        "baseline_contains": mean([contains(r.sentence, r.question.answers) for r in yes]),
        "baseline_exact_match": mean([exact_match(r.sentence, r.question.answers) for r in yes]),
        "baseline_f1": mean([f1(r.sentence, r.question.answers) for r in yes]),
        "answerable": len(yes),
        "unanswerable": len(no),
        "milliseconds": mean([r.answer.timings.total_ms for r in records]),
    }


def spread(name: str, value: float, scores: dict[str, float]) -> tuple[float, float] | None:
    """The 95% interval of a share among the metrics; None for what is no share."""
    if name in ("answerable", "unanswerable", "milliseconds") or name.endswith("f1"):
        return None
    count = int(scores["unanswerable"] if name == "abstained" else scores["answerable"])
    return interval(value * count, count)


def _found_document(record: Record) -> float:
    return float(
        any(h.passage.document.endswith(record.question.document) for h in record.answer.passages)
    )


def _found_answer(record: Record) -> float:
    return max(
        (contains(h.passage.text, record.question.answers) for h in record.answer.passages),
        default=0.0,
    )
