import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import InputError
from dragon.retrieval import Index, index_path_for
from tests.retrieval.files import write_pdf


def names(index):
    return [Path(row.path).name for row in index.documents()]


def best(index, question):
    return index.search(question, 1)[0].passage


def touch(path, seconds):
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + int(seconds * 1e9)))


def test_a_passage_is_found_and_stands_in_its_document(index, docs):
    report = index.add([docs])
    assert (report.added, report.skipped, report.bytes > 0) == (2, (), True)
    passage = best(index, "How many days of holiday are there?")
    assert (passage.heading, passage.title) == ("Leave", "Leave")
    assert passage.text == "Holidays are 25 days."
    text = index.document_text(passage.document)
    assert text == (docs / "leave.md").read_bytes().decode()
    assert text[passage.start : passage.end] == passage.text


def test_a_second_run_reads_nothing_again(index, docs):
    index.add([docs])
    report = index.add([docs])
    assert (report.added, report.changed, report.unchanged, report.bytes) == (0, 0, 2, 0)


def test_a_touched_file_is_unchanged_and_a_changed_one_replaced(index, docs):
    index.add([docs])
    touch(docs / "leave.md", -100)
    assert index.add([docs]).unchanged == 2
    (docs / "leave.md").write_text("# Leave\n\nHolidays are 30 days.\n")
    assert (index.add([docs]).changed, len(index.documents())) == (1, 2)
    assert best(index, "holidays days").text == "Holidays are 30 days."
    assert index.search("sick rest", 5) == []


def test_a_change_of_the_same_size_within_the_same_moment_is_seen(index, docs):
    index.add([docs])
    stat = (docs / "rooms.txt").stat()
    (docs / "rooms.txt").write_text("Ada sits in room 999.\n\nThe canteen opens at noon.\n")
    os.utime(docs / "rooms.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert index.add([docs]).changed == 1


def test_a_deleted_file_answers_no_more(index, docs):
    index.add([docs])
    (docs / "rooms.txt").unlink()
    assert index.add([docs]).removed == 1
    assert index.search("Ada room", 5) == []
    (docs / "leave.md").unlink()
    assert index.add([docs]).removed == 1
    assert index.documents() == []


def test_another_folder_leaves_the_first_one_alone(index, docs, tmp_path):
    (tmp_path / "docs2").mkdir()
    (tmp_path / "docs2" / "a.txt").write_text("Other.")
    index.add([docs])
    assert index.add([tmp_path / "docs2"]).removed == 0
    assert len(index.documents()) == 3


def test_relative_overlapping_and_repeated_paths_are_one(index, docs, monkeypatch):
    monkeypatch.chdir(docs.parent)
    index.add([docs, docs / "leave.md", docs / ".." / "docs"])
    assert index.add([Path("docs/")]).unchanged == 2
    assert len(index.documents()) == 2


def test_hidden_foreign_and_linked_files_are_left_out(index, docs):
    (docs / "loop").symlink_to(docs)
    (docs / "again.md").symlink_to(docs / "rooms.txt")
    (docs / "gone.md").symlink_to(docs / "nowhere")
    for name in (".git/a.md", "node_modules/a.md", ".hidden.md", "picture.png"):
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text("x")
    report = index.add([docs])
    assert (report.added, report.skipped) == (2, ())
    assert report.ignored == 3  # gone.md, picture.png and the link to a folder: none that hides
    assert names(index) == ["leave.md", "rooms.txt"]


def test_dragonignore_leaves_out_what_it_names(index, docs):
    (docs / "drafts" / "deep").mkdir(parents=True)
    (docs / "drafts" / "deep" / "a.md").write_text("Draft.")
    (docs / "drafts" / "rooms.txt").write_text("Draft.")
    (docs / ".dragonignore").write_text("# not ready\ndrafts/deep/\nrooms.*\n")
    assert index.add([docs]).ignored == 0
    assert names(index) == ["leave.md"]
    (docs / ".dragonignore").write_text("leave.md\n")
    index.add([docs])
    assert sorted(names(index)) == ["a.md", "rooms.txt", "rooms.txt"]


def test_remove_takes_a_file_or_a_folder(index, docs):
    index.add([docs])
    assert index.remove([docs / "leave.md"]) == 1
    assert index.remove([docs]) == 1
    with pytest.raises(InputError, match="holds nothing"):
        index.remove([docs])


def test_parsed_and_plain_files_are_indexed_together(index, docs):
    for number in range(7):
        write_pdf(docs / f"{number}.pdf", [[f"The code of door {number} is {number}{number}."]])
    assert index.add([docs]).added == 9
    assert best(index, "code of door 5").text == "The code of door 5 is 55."


def test_find_takes_the_end_of_a_path(index, docs):
    (docs / "sub").mkdir()
    (docs / "sub" / "rooms.txt").write_text("More.")
    index.add([docs])
    assert index.find("leave.md").title == "Leave"
    assert index.find("sub/rooms.txt").characters == 5
    assert index.find(str(docs / "rooms.txt")).passages == 1
    with pytest.raises(InputError, match="2 documents"):
        index.find("rooms.txt")
    with pytest.raises(InputError, match="no document"):
        index.find("ooms.txt")


def test_the_title_and_the_headings_are_searched(index, docs):
    index.add([docs])
    assert best(index, "sick leave").text == "Rest."


def test_a_whole_phrase_in_one_sentence_comes_first(index, docs):
    (docs / "a.txt").write_text("A red door. The green gate is open. A red gate has a green door.")
    (docs / "b.txt").write_text("The red gate is open. Nothing else here is of any interest now.")
    index.add([docs])
    assert best(index, "Is the red gate open?").document.endswith("b.txt")


@given(st.text(max_size=60))
def test_no_question_breaks_the_search(shared_index, question):
    if question.strip():
        assert len(shared_index.search(question, 3)) <= 3
    else:
        with pytest.raises(InputError):
            shared_index.search(question, 3)


@pytest.mark.parametrize("question", ['"', "a AND", "NEAR(", "title:x", "*", "^a", "'; DROP", "\0"])
def test_the_language_of_full_text_search_is_not_spoken(shared_index, question):
    assert isinstance(shared_index.search(question), list)


@pytest.mark.parametrize("question", ["", " \n", "word " * 2001, "x" * 100_000])
def test_empty_and_endless_questions_are_refused(shared_index, question):
    with pytest.raises(InputError):
        shared_index.search(question)


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    (folder / "a.txt").write_text("The gate is 3 m wide. Ω 漢字 naïve x.")
    with Index.open(folder / "index.db", create=True) as opened:
        opened.add([folder])
        yield opened


def test_scripts_without_spaces_are_searched_by_pairs_of_characters(shared_index):
    [hit] = shared_index.search("漢字は何ですか")
    assert "漢字" in hit.passage.text
    assert 0 < hit.score < 0.5


def test_accents_case_and_endings_do_not_matter(shared_index):
    assert shared_index.search("NAIVE gates")


def test_a_folder_has_one_index_however_it_is_written(docs, monkeypatch):
    monkeypatch.setenv("DRAGON_HOME", "/somewhere")
    assert index_path_for([docs]) == index_path_for([docs / ".." / "docs", docs])
    assert index_path_for([docs]) != index_path_for([docs.parent])
    assert docs not in index_path_for([docs]).parents


def test_importing_and_opening_loads_no_parser():
    code = (
        "import sys; from dragon.retrieval import Index\n"
        "heavy = {'pypdf', 'docx', 'trafilatura', 'lxml', 'rich', 'numpy', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
