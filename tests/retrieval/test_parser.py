import os
import sys
import threading

import pytest

from dragon.errors import DocumentError
from dragon.retrieval.readers.parser import Parser
from tests.retrieval.files import write_pdf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")


def test_a_parser_that_hangs_is_stopped(tmp_path):
    os.mkfifo(tmp_path / "endless.pdf")  # Opening it waits for a writer that never comes.
    with Parser(silence=0.3) as parser, pytest.raises(DocumentError, match="did not get on"):
        parser.read(tmp_path / "endless.pdf")


def test_after_a_crash_the_next_file_is_read(tmp_path):
    os.mkfifo(tmp_path / "crash.pdf")
    good = write_pdf(tmp_path / "good.pdf", [["Room 204."]])
    with Parser() as parser:
        assert parser.read(good).text == "Room 204."
        process = parser._process
        threading.Timer(0.2, process.kill).start()
        with pytest.raises(DocumentError, match="crashed"):
            parser.read(tmp_path / "crash.pdf")
        assert parser.read(good).text == "Room 204."


def test_a_parser_that_died_between_two_files_is_started_again(tmp_path):
    good = write_pdf(tmp_path / "good.pdf", [["Room 204."]])
    with Parser() as parser:
        parser.read(good)
        parser._process.kill()
        parser._process.wait()
        assert parser.read(good).text == "Room 204."
