"""Shards: what is written is read back, and what is not whole is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dragon.data import shards as s
from dragon.errors import DataError
from dragon.tokenizer.reading import FEATURE_SIZES, Reading


@st.composite
def readings(draw: st.DrawFn) -> tuple[Reading, int, int, str]:
    length = draw(st.integers(1, 20))
    ids = draw(arrays(np.int32, length, elements=st.integers(0, 65535)))
    columns = [
        draw(arrays(np.uint8, length, elements=st.integers(0, size - 1))) for size in FEATURE_SIZES
    ]
    nothing = np.zeros(0, np.int32)
    start = draw(st.integers(0, length - 1))
    end = draw(st.integers(start, length - 1))
    reading = Reading(ids, np.stack(columns, 1), 0, nothing, nothing)
    return reading, start, end, draw(st.sampled_from(["squad", "cloze"]))


@given(st.lists(st.lists(readings(), max_size=4), min_size=1, max_size=4))
def test_a_reading_set_round_trips(parts: list[list[tuple[Reading, int, int, str]]]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder = Path(name)
        writer = s.ReadingWriter(folder, "train")
        for part in parts:
            writer.append(s.gather(part))
        entry = writer.close()
        s.write_manifest(folder, "reading", splits={"train": entry})
        data = s.ReadingSet(folder, "train")
        flat = [item for part in parts for item in part]
        assert len(data) == len(flat) == entry["examples"] == sum(entry["sources"].values())
        for row, (reading, start, end, _) in zip(data.table.tolist(), flat, strict=True):
            offset, length, *answer, _ = row
            assert answer == [start, end]
            assert data.ids[offset : offset + length].tolist() == reading.ids.tolist()
            features = s.unpack_features(np.array(data.features[offset : offset + length]))
            assert (features == reading.features).all()


def a_set(folder: Path) -> Path:
    writer = s.ReadingWriter(folder, "train")
    reading = Reading(
        np.arange(5, dtype=np.int32), np.zeros((5, 6), np.uint8), 0, *[np.zeros(0)] * 2
    )
    writer.append(s.gather([(reading, 1, 2, "x")]))
    s.write_manifest(folder, "reading", splits={"train": writer.close()})
    return folder


def test_what_is_not_whole_is_refused(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    with pytest.raises(DataError, match="holds a reading set, not a language set"):
        s.language_tokens(folder, "train")
    (folder / "train.bin").write_bytes(b"\0" * 8)
    with pytest.raises(DataError, match="has 4 tokens, not 5"):
        s.ReadingSet(folder, "train")
    (folder / "train.bin").unlink()
    with pytest.raises(DataError, match="train cannot be read"):
        s.ReadingSet(folder, "train")
    (folder / "manifest.json").write_text(json.dumps({"kind": "reading"})[:-3])
    with pytest.raises(DataError, match="is no finished data folder"):
        s.ReadingSet(folder, "train")
    with pytest.raises(DataError, match="No data folder at"):
        s.ReadingSet(folder / "none", "train")


def test_a_language_set_that_lost_tokens_is_refused(tmp_path: Path) -> None:
    np.arange(9, dtype=np.uint16).tofile(tmp_path / "train.bin")
    s.write_manifest(tmp_path, "language", splits={"train": {"tokens": 9}})
    assert s.language_tokens(tmp_path, "train").tolist() == list(range(9))
    s.write_manifest(tmp_path, "language", splits={"train": {"tokens": 10}})
    with pytest.raises(DataError, match=r"train.bin is damaged"):
        s.language_tokens(tmp_path, "train")
