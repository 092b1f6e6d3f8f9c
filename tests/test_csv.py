from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.readers import read
from liveplot_cli.readers.csv import delimiter

SAME_TABLE = [[1.0, 2.0], [3.0, 4.5]]


def read_text(folder: Path, content: str | bytes, **options: object) -> History:
    path = folder / "log.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, **options)


def refusal(folder: Path, content: str | bytes, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read_text(folder, content, **options)
    assert caught.value.exit_code == 3
    return caught.value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "the file is empty", id="no byte"),
        pytest.param(b"\xef\xbb\xbf", "there is no data in the file", id="byte order mark only"),
        pytest.param(b"\xff\xfe", "there is no data in the file", id="UTF-16 mark only"),
        pytest.param("\n", "there is no data in the file", id="one line end"),
        pytest.param("\n  \n\t\r\n", "there is no data in the file", id="blank only"),
        pytest.param("# a,b\n# 1,2\n", "there is no data in the file", id="comments only"),
        pytest.param("a,b\n", "there is a header but no row of numbers below it", id="header only"),
        pytest.param("a,b\n\n# 1,2\n", "there is a header but no row of numbers below it", id="header and comment"),
        pytest.param("a,b\n1,2\n3\n", "line 3: 1 cell where line 1 has 2", id="short row"),
        pytest.param("a,b\n1,2\n3,4,5\n", "line 3: 3 cells where line 1 has 2", id="long row"),
        pytest.param("# c\n1,2\n3,4,5\n", "line 3: 3 cells where line 2 has 2", id="long row below a comment"),
        pytest.param("a,b\n1,2\n3,x\n", "line 3, column 2 ('b'): 'x' is not a number", id="word"),
        pytest.param("1,2\n3,x\n", "line 2, column 2 ('1'): 'x' is not a number", id="word without header"),
        pytest.param("a,b\r1,2\r3,x\r", "line 3, column 2 ('b'): 'x' is not a number", id="word, lone CR"),
        pytest.param("a,b\r\n1,2\r\n3,x\r\n", "line 3, column 2 ('b'): 'x' is not a number", id="word, CRLF"),
        pytest.param("a,b\n1,x\ny,2\n", "line 3, column 1 ('a'): 'y' is not a number", id="first column first"),
        pytest.param(
            '"a\nb",c\n# note\n\n1,2\n"3\n",x\n',
            "line 6, column 2 ('c'): 'x' is not a number",
            id="word below comment, blank line and cells of two lines",
        ),
        pytest.param(
            "a\n1\n2020-01-01\n", "line 3, column 1 ('a'): '2020-01-01' is not a number", id="date in numbers"
        ),
        pytest.param(b"a,b\n1,\x00\n", "line 2: there is a NUL byte; this is not a text file", id="NUL"),
        pytest.param(b"\x00" * 64, "line 1: there is a NUL byte; this is not a text file", id="nothing but NUL"),
        pytest.param(
            b"a,b\n1,2\n\xff,4\n",
            "line 3: byte 8 of the file is not UTF-8 text; save it as UTF-8 or name its encoding",
            id="bad UTF-8",
        ),
        pytest.param(
            b"a\r\n1\r\n2\r\n\xe4\r\n",
            "line 4: byte 9 of the file is not UTF-8 text; save it as UTF-8 or name its encoding",
            id="Latin 1, CRLF",
        ),
        pytest.param(
            b"a\r1\r\xff\r",
            "line 3: byte 4 of the file is not UTF-8 text; save it as UTF-8 or name its encoding",
            id="bad UTF-8, lone CR",
        ),
        pytest.param(b"a\r1\r\x00\r", "line 3: there is a NUL byte; this is not a text file", id="NUL, lone CR"),
        pytest.param(
            b"a,b\n1,\xc3",
            "line 2: byte 6 of the file is not UTF-8 text; save it as UTF-8 or name its encoding",
            id="cut UTF-8",
        ),
        pytest.param(
            "a\n1\n".encode("utf-16") + b"2",
            "line 3: byte 10 of the file is not UTF-16 text; save it as UTF-8 or name its encoding",
            id="cut UTF-16",
        ),
        pytest.param('a,b\n1,2\n"3,4\n5,6\n', "line 3: a quote is opened and never closed", id="open quote"),
        pytest.param('"a,b\n1,2\n', "line 1: a quote is opened and never closed", id="open quote in the header"),
        pytest.param(
            "a,b\n1,2\na,b\n3,4\n",
            "line 3, column 1 ('a'): the header is repeated here; keep it on the first line only",
            id="repeated header",
        ),
        pytest.param(
            "day,b\n2024-01-01,1\nday,b\n2024-01-02,2\n",
            "line 3, column 2 ('b'): the header is repeated here; keep it on the first line only",
            id="repeated header above dates",
        ),
        pytest.param(
            "day,b\n2024-02-29,1\n2023-02-29,2\n",
            "line 3, column 1 ('day'): there is no date '2023-02-29'",
            id="no such day",
        ),
        pytest.param("2023-13,1\n", "line 1, column 1 ('0'): there is no date '2023-13'", id="no such month"),
        pytest.param(
            "at,b\n2024-01-01T24:30,1\n",
            "line 2, column 1 ('at'): there is no date '2024-01-01T24:30'",
            id="no such hour",
        ),
        pytest.param("at,b\n2024/02/30,1\n", "line 2, column 1 ('at'): there is no date '2024/02/30'", id="slashes"),
        pytest.param(
            "at,b\n2024-01-01 00:00+24:00,1\n",
            "line 2, column 1 ('at'): there is no date '2024-01-01 00:00+24:00'",
            id="no such distance from UTC",
        ),
        pytest.param("a,b\nNA,\nnan,inf\n", "the history has no finite value", id="all gaps"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert refusal(tmp_path, content).sentence == f"log.csv: {sentence}"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('a,b\n1,2\n"3"4,5\n', id="text behind a quote"),
        pytest.param("a,b\n1,2\n3," + "4" * 200_000 + "x\n", id="cell of 200,001 characters"),
    ],
)
def test_broken_csv_is_refused_with_its_line(tmp_path: Path, content: str) -> None:
    sentence = refusal(tmp_path, content).sentence
    assert sentence.startswith("log.csv: line 3: ")
    assert len(sentence) < 200


@pytest.mark.parametrize(
    "cell",
    [
        "1_000", "0x10", "１２", "٣", "50%", "True", "−1", "1e", "e5", "--1", "+", ".", "1.2.3", "1 000", "$5", "1d3",
        "1j", "infinit", "+nan", "NULL", "N/A", "None", "-", "?", "1/2", "12:30", "2024-1-1", "1e5.0", "1f", "0b1",
    ],
)  # fmt: skip
def test_a_cell_that_is_no_number_is_never_guessed(tmp_path: Path, cell: str) -> None:
    error = refusal(tmp_path, f"a,b\n1,2\n3,{cell}\n")
    assert error.sentence == f"log.csv: line 3, column 2 ('b'): {cell!r} is not a number"
    assert error.cure == ("columns", "a")


@pytest.mark.parametrize(
    ("content", "values"),
    [
        pytest.param("a;b\n1;2,5\n3;4,5\n", [[1, 2.5], [3, 4.5]], id="last column"),
        pytest.param("a;b\n1,5;2\n-3,5;4e1\n", [[1.5, 2], [-3.5, 40]], id="first column"),
        pytest.param("a;b\n1,5;2,5\n3,5;\n", [[1.5, 2.5], [3.5, np.nan]], id="all columns"),
        pytest.param("0;1,5\n1;2,5\n2;3,5\n", [[0, 1.5], [1, 2.5], [2, 3.5]], id="no header"),
        pytest.param("ann;1,5\nbob;2,5\n", [[2.5]], id="words before"),
        pytest.param("0\t1,5\n1\t2,5\n", [[0, 1.5], [1, 2.5]], id="tabs"),
        pytest.param("x;a\n01/2024;1,5\n02/2024;2,5\n", [[1.5], [2.5]], id="words that look like dates"),
    ],
)
def test_a_decimal_comma_is_read_where_the_delimiter_is_another(
    tmp_path: Path, content: str, values: list[list[float]]
) -> None:
    assert np.array_equal(read_text(tmp_path, content).values, values, equal_nan=True)


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        pytest.param("a;b\n1,5;2.5\n", "column 2 ('b'): '2.5'", id="a point behind commas"),
        pytest.param("a;b\n1.5;2,5\n", "column 2 ('b'): '2,5'", id="a comma behind points"),
        pytest.param("a;b\n1.234,56;2\n", "column 1 ('a'): '1.234,56'", id="thousands"),
        pytest.param('a,b\n"1,5",2\n', "column 1 ('a'): '1,5'", id="a comma for delimiter"),
    ],
)
def test_a_comma_that_may_mean_thousands_is_refused(tmp_path: Path, content: str, cell: str) -> None:
    assert refusal(tmp_path, content).sentence == f"log.csv: line 2, {cell} is not a number"


def test_the_index_of_pandas_labels_the_rows(tmp_path: Path) -> None:
    history = read_text(tmp_path, ",a,b\n0,5,6\n1,7,8\n")
    assert (history.columns, history.index_name) == (("a", "b"), "index")
    assert history.labels.tolist() == [0, 1]
    assert read_text(tmp_path, ",0,1\n0,.5,.6\n1,.7,.8\n").values.tolist() == [[0.5, 0.6], [0.7, 0.8]]


def test_a_gap_at_the_start_of_numbers_is_no_header(tmp_path: Path) -> None:
    assert read_text(tmp_path, ",0.5,1\n0,.5,.6\n").values.shape == (2, 3)


def test_the_finest_counter_labels_the_rows_and_the_others_are_no_data(tmp_path: Path) -> None:
    content = "epoch,step,loss,val_loss\n0,49,0.5,\n0,99,0.4,\n0,99,,0.6\n1,149,0.3,\n1,149,,0.5\n"
    history = read_text(tmp_path, content)
    assert (history.columns, history.index_name) == (("loss", "val_loss"), "step")
    assert history.labels.tolist() == [49, 99, 99, 149, 149]
    assert read_text(tmp_path, content, index="epoch").columns == ("step", "loss", "val_loss")
    assert read_text(tmp_path, content, columns="epoch,loss").columns == ("epoch", "loss")


def test_the_header_of_a_transposed_file_labels_the_rows(tmp_path: Path) -> None:
    history = read_text(tmp_path, "country,1990,2000,2010\nA,1,2,3\nB,4,5,6\n", transpose=True)
    assert history.columns == ("A", "B")
    assert history.labels.tolist() == [1990, 2000, 2010]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("country,1990,2000", ""),
        ("year,1990,2000", "year"),
        ("matchday,1,2", "matchday"),
        ("id,1990,2000", ""),
        ("country,2024-01-01,2024-02-01", ""),
        ("date,2024-01-01,2024-02-01", "date"),
        ("epoch,loss,acc", ""),
        ("index,1990,2000", ""),
        (",1990,2000", ""),
    ],
)
def test_the_corner_of_a_transposed_file_names_the_labels_where_it_counts(
    tmp_path: Path, header: str, name: str
) -> None:
    history = read_text(tmp_path, f"{header}\nA,1,2\nB,4,5\n", transpose=True)
    assert (history.columns, history.index_name) == (("A", "B"), name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Country,Code,1990,1995\nA,DEU,1,2\nB,FRA,3,4\n", "'Code'"),
        ("Country,Code,Note,1990,1995\nA,DEU,x,1,2\nB,NA,,3,4\n", "'Code', 'Note'"),
        ("Country,1990,Since,1995\nA,1,2024-01-01,2\nB,3,2024-01-02,4\n", "'Since'"),
    ],
)
def test_columns_of_words_beside_the_first_are_left_out_of_what_is_transposed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, told: str
) -> None:
    history = read_text(tmp_path, content, transpose=True)
    assert [record.getMessage() for record in caplog.records] == [f"columns of words are left out: {told}"]
    assert (history.columns, history.labels.tolist()) == (("A", "B"), [1990, 1995])
    assert history.values.tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Country,Code,1990\nA,DEU,1\nB,FRA,x\n", "line 3, column 3 ('B'): 'x' is not a number"),
        ("Country,Code,1990\nA,DEU,x\nB,FRA,x\n", "line 2, column 3 ('A'): 'x' is not a number"),
        ("Country,a,b\nA,50%,1\nB,60%,2\n", "line 2, column 2 ('A'): '50%' is not a number"),
        ("Country,a,b\nA,x,1\nB,1,2\n", "line 2, column 2 ('A'): 'x' is not a number"),
        ("Country,a,b\nA,x,y\nB,x,z\n", "line 2, column 2 ('A'): 'x' is not a number"),
    ],
)
def test_words_among_numbers_are_refused_in_a_transposed_file(tmp_path: Path, content: str, sentence: str) -> None:
    assert refusal(tmp_path, content, transpose=True).sentence == f"log.csv: {sentence}"


def test_an_index_that_was_asked_for_bears_its_name_in_a_transposed_file(tmp_path: Path) -> None:
    history = read_text(tmp_path, "country,1990,2000\nA,1,2\nB,4,5\n", transpose=True, index="A")
    assert (history.columns, history.index_name) == (("country", "B"), "A")


def test_a_header_labels_the_rows_of_a_file_that_is_transposed(tmp_path: Path) -> None:
    history = read_text(tmp_path, "loss,acc\n3,2\n1,4\n5,6\n", transpose=True)
    assert history.labels.tolist() == ["loss", "acc"]
    assert history.values.tolist() == [[3, 1, 5], [2, 4, 6]]
    history = read_text(tmp_path, "epoch,loss,acc\n1,3,2\n2,1,4\n", transpose=True)
    assert (history.columns, history.values.tolist()) == (("1", "2"), [[3, 1], [2, 4]])


@pytest.mark.parametrize("cells", [("31.12.2023", "01.01.2024"), ("1.0.1", "1.0.2"), ("10.0.0.1", "10.0.0.2")])
def test_what_has_two_points_is_no_number_and_labels_rows(tmp_path: Path, cells: tuple[str, str]) -> None:
    history = read_text(tmp_path, f"at;b\n{cells[0]};1,5\n{cells[1]};2,5\n")
    assert (history.labels.tolist(), history.values.tolist()) == (list(cells), [[1.5], [2.5]])


@pytest.mark.parametrize("cell", ["50%", "1_000", "−1", "$5", "１２", "1 000"])
def test_a_broken_number_is_no_word_that_labels_rows(tmp_path: Path, cell: str) -> None:
    error = refusal(tmp_path, f"a;b\n{cell};1\n{cell};2\n", delimiter=";")
    assert error.sentence == f"log.csv: line 2, column 1 ('a'): {cell!r} is not a number"
    assert error.cure == ("columns", "b")


def test_the_cure_leaves_out_the_index_and_names_it_cannot_write(tmp_path: Path) -> None:
    error = refusal(tmp_path, 'step,note,"a, b",c\n1,x,5,7\n2,y,6,8\n')
    assert error.cure == ("columns", "c")


def test_a_place_in_a_transposed_file_is_the_place_in_the_file(tmp_path: Path) -> None:
    error = refusal(tmp_path, "# c\nstep,1,2\na,1,2\nb,1,x\n", transpose=True)
    assert error.sentence == "log.csv: line 4, column 3 ('b'): 'x' is not a number"


def test_a_message_shows_no_control_character(tmp_path: Path) -> None:
    error = refusal(tmp_path, 'a\tb\n"1"2\t3\n')
    assert error.sentence == "log.csv: line 2: there is text behind a closing quote"


def test_the_cure_names_the_columns_of_numbers_in_order(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a,note,b,who,c\n1,x,2,5,NA\n2,,3,y,4\n")
    assert error.sentence == "log.csv: line 2, column 2 ('note'): 'x' is not a number"
    assert error.cure == ("columns", "a,b,c")
    assert str(error).endswith("; try columns='a,b,c'")


def test_the_cure_cures(tmp_path: Path) -> None:
    content = "a,note,b\n1,x,2\n3,,4\n"
    name, value = refusal(tmp_path, content).cure or ("", "")
    history = read_text(tmp_path, content, **{name: value})
    assert history.columns == ("a", "b")
    assert history.values.tolist() == [[1, 2], [3, 4]]


def test_there_is_no_cure_where_no_column_is_usable(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a\n1\nx\n").cure is None


def test_hostile_cells_are_shown_escaped_and_shortened(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, "\x1b[2Jname,b\n1,2\n\x1b[31m" + "x" * 5000 + ",3\n").sentence
    assert sentence.startswith("log.csv: line 3, column 1 ('\\x1b[2Jname'): '\\x1b[31mxxx")
    assert sentence.isprintable()
    assert len(sentence) < 200


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("7", 7.0), ("+7", 7.0), ("-7", -7.0), ("007", 7.0), (".5", 0.5), ("5.", 5.0), ("-.5e-3", -0.0005),
        ("1e3", 1000.0), ("1E+3", 1000.0), ("  7 ", 7.0), ("\t7\t", 7.0), ('"7"', 7.0), ('"7.0"', 7.0),
        ("0.1", 0.1), ("1e-320", 1e-320), ("1.7976931348623157e308", 1.7976931348623157e308),
        ("0" * 5000 + "7", 7.0),
    ],
)  # fmt: skip
def test_a_number_is_read_to_the_last_bit(tmp_path: Path, cell: str, value: float) -> None:
    assert read_text(tmp_path, f"a,b\n1,2\n3,{cell}\n").values[1, 1] == value


@pytest.mark.parametrize(
    "cell", ["", "   ", '""', "NA", "nan", "NaN", "inf", "-inf", "+inf", "Inf", "-Infinity", "1e999", "9" * 400]
)
def test_a_gap_becomes_nan_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, cell: str) -> None:
    values = read_text(tmp_path, f"a,b\n1,{cell}\n{cell},4\n").values
    assert np.isnan(values).tolist() == [[False, True], [True, False]]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "log.csv: 2 of 4 cells hold no finite number and are gaps")
    ]


def test_a_row_of_gaps_is_a_row(tmp_path: Path) -> None:
    history = read_text(tmp_path, "a,b\n1,2\n,\n3,4\n")
    assert history.labels.tolist() == [1, 2, 3]
    assert np.isnan(history.values[1]).all()


def test_only_gaps_in_drawn_columns_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_text(tmp_path, "a,b\n1,\n2,3\n", columns="a")
    assert not caplog.records


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("a,b\n1,2\n3,4.5\n", id="plain"),
        pytest.param("a,b\n1,2\n3,4.5", id="no last line end"),
        pytest.param(b"\xef\xbb\xbfa,b\n1,2\n3,4.5\n", id="byte order mark"),
        pytest.param("a,b\r\n1,2\r\n3,4.5\r\n", id="CRLF"),
        pytest.param("a,b\r1,2\r3,4.5\r", id="lone CR"),
        pytest.param("a,b\n1,2\r\n3,4.5\r", id="mixed line ends"),
        pytest.param(b"\xff\xfe" + "a,b\n1,2\n3,4.5\n".encode("utf-16-le"), id="UTF-16 little-endian"),
        pytest.param(b"\xfe\xff" + "a,b\r\n1,2\r\n3,4.5\r\n".encode("utf-16-be"), id="UTF-16 big-endian"),
        pytest.param("a;b\n1;2\n3;4.5\n", id="semicolon"),
        pytest.param("a\tb\n1\t2\n3\t4.5\n", id="tab"),
        pytest.param("a|b\n1|2\n3|4.5\n", id="bar"),
        pytest.param('"a","b"\n"1","2"\n"3","4.5"\n', id="quotes"),
        pytest.param("a , b\n 1,  2\n3 ,4.5 \n", id="spaces around cells"),
        pytest.param('a, "b"\n1, "2"\n3, 4.5\n', id="space before a quote"),
        pytest.param("\n\na,b\n\n1,2\n \n3,4.5\n\n\n", id="blank lines"),
        pytest.param("# made by hand\na,b\n# rows\n1,2\n # more, of them\n3,4.5\n", id="comments"),
    ],
)
def test_all_relatives_of_csv_read_alike(tmp_path: Path, content: str | bytes) -> None:
    history = read_text(tmp_path, content)
    assert history.columns == ("a", "b")
    assert history.values.tolist() == SAME_TABLE
    assert history.labels.tolist() == [1, 2]
    assert history.index_name == "row"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('# columns: "a", "b" (m)\na,b\n1,2\n3,4.5\n', id="quotes"),
        pytest.param('# a, "b\na,b\n1,2\n# c, d"\n3,4.5\n', id="quote over several lines"),
    ],
)
def test_a_comment_may_hold_anything(tmp_path: Path, content: str) -> None:
    history = read_text(tmp_path, content)
    assert history.columns == ("a", "b")
    assert history.values.tolist() == SAME_TABLE


def test_a_quoted_cell_is_no_comment(tmp_path: Path) -> None:
    history = read_text(tmp_path, 'name,v\n"#1",5\n"#2\n# 3",6\n')
    assert history.labels.tolist() == ["#1", "#2\n# 3"]
    assert history.values.tolist() == [[5], [6]]


def test_a_quoted_gap_is_a_row_even_alone(tmp_path: Path) -> None:
    assert np.isnan(read_text(tmp_path, 'a\n1\n""\n3\n').values[:, 0]).tolist() == [False, True, False]


def test_bars_in_words_are_not_taken_for_delimiters(tmp_path: Path) -> None:
    history = read_text(tmp_path, "n|o|t|e,b\np|q|r,1\np|q|s,2\nx,3\n|y,4\nu|v|w|x|y,5\n")
    assert history.columns == ("b",)
    assert history.labels.tolist() == ["p|q|r", "p|q|s", "x", "|y", "u|v|w|x|y"]


def test_quoted_names_keep_delimiters_line_ends_and_quotes(tmp_path: Path) -> None:
    history = read_text(tmp_path, '"a, b";"c;d";"e\r\nf";"say ""g"""\n1;2;3;4\n5;6;7;8\n')
    assert history.columns == ("a, b", "c;d", "e\nf", 'say "g"')
    assert history.values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize(
    ("content", "forced"),
    [
        pytest.param("a:b\n1:2\n3:4.5\n", ":", id="colon"),
        pytest.param("a b\n1  2\n3 4.5\n", "space", id="space"),
        pytest.param("a\tb\n1\t2\n3\t4.5\n", "tab", id="tab by name"),
        pytest.param("a\tb\n1\t2\n3\t4.5\n", "\\t", id="tab escaped"),
        pytest.param("a;b\n1;2\n3;4.5\n", ";", id="semicolon"),
    ],
)
def test_a_delimiter_can_be_given(tmp_path: Path, content: str, forced: str) -> None:
    history = read_text(tmp_path, content, delimiter=forced)
    assert history.columns == ("a", "b")
    assert history.values.tolist() == SAME_TABLE


def test_a_given_delimiter_overrules_the_likely_one(tmp_path: Path) -> None:
    assert read_text(tmp_path, "1.5\n2.5\n", delimiter=".").values.tolist() == [[1, 5], [2, 5]]
    error = refusal(tmp_path, "a,b\n1,2\n", delimiter=";")
    assert error.sentence == "log.csv: line 2, column 1 ('a,b'): '1,2' is not a number"


@pytest.mark.parametrize("text", ["", "ab", "comma", '"', "\n", "\r", "\t\t"])
def test_a_delimiter_is_one_character(text: str) -> None:
    with pytest.raises(ValueError, match="is not one character, tab or space"):
        delimiter(text)


@pytest.mark.parametrize(
    ("content", "options", "columns", "values"),
    [
        pytest.param("1,2\n3,4\n", {}, ("0", "1"), [[1, 2], [3, 4]], id="numbers are data"),
        pytest.param("1990,1991\n3,4\n", {}, ("0", "1"), [[1990, 1991], [3, 4]], id="years are data"),
        pytest.param("x,1\n3,4\n", {}, ("x", "1"), [[3, 4]], id="one word makes a header"),
        pytest.param("1,2\n3,4\n", {"header": True}, ("1", "2"), [[3, 4]], id="forced header"),
        pytest.param("x,1\ny,2\n", {"header": False}, ("1",), [[1], [2]], id="forced data"),
        pytest.param("2024-01-01,1\n2024-01-02,2\n", {}, ("1",), [[1], [2]], id="dates are data"),
        pytest.param("2024-01,2024-02\n1,2\n", {"header": True}, ("2024-01", "2024-02"), [[1, 2]], id="dates forced"),
    ],
)
def test_the_first_line_is_a_header_by_rule(
    tmp_path: Path, content: str, options: dict[str, bool], columns: tuple[str, ...], values: list[list[float]]
) -> None:
    history = read_text(tmp_path, content, **options)
    assert history.columns == columns
    assert history.values.tolist() == values


def test_a_gap_does_not_make_a_header(tmp_path: Path) -> None:
    assert np.array_equal(read_text(tmp_path, "1,NA\n,4\n").values, [[1, np.nan], [np.nan, 4]], equal_nan=True)


def test_words_on_the_first_line_are_refused_where_it_is_data(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a,b\n1,2\n", header=False)
    assert error.sentence == "log.csv: line 1, column 1 ('0'): 'a' is not a number"


def test_a_header_below_comments_is_the_header(tmp_path: Path) -> None:
    assert read_text(tmp_path, "# c\n\na,b\n1,2\n").columns == ("a", "b")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("loss,loss,loss", ("loss", "loss (2)", "loss (3)")),
        ("a,,b", ("a", "1", "b")),
        ("a,,", ("a", "1", "2")),
        ("a, A,a ", ("a", "A", "a (2)")),
        ("loss,loss,loss (2)", ("loss", "loss (3)", "loss (2)")),
        ("loss (2),loss,loss", ("loss (2)", "loss", "loss (3)")),
    ],
)
def test_duplicate_and_nameless_columns_get_names_of_their_own(
    tmp_path: Path, header: str, columns: tuple[str, ...]
) -> None:
    content = f"{header}\n1,2,3\n4,5,6\n"
    assert read_text(tmp_path, content).columns == columns
    for number, name in enumerate(columns):
        assert read_text(tmp_path, content, columns=name).values.tolist() == [[number + 1], [number + 4]]


@pytest.mark.parametrize(
    ("content", "name", "labels"),
    [
        pytest.param("step,a\n0,5\n10,6\n", "step", [0, 10], id="rising step"),
        pytest.param("a,Epoch\n5,1\n6,2\n", "Epoch", [1, 2], id="epoch in any place and case"),
        pytest.param("year,a\n1990,5\n1991,6\n", "year", [1990, 1991], id="years"),
        pytest.param("time,a\n0.25,5\n0.5,6\n", "time", [0.25, 0.5], id="fractions"),
        pytest.param("who,a\nann,5\nbob,6\n", "who", ["ann", "bob"], id="words"),
        pytest.param("who,step,a\nann,1,5\nbob,2,6\n", "who", ["ann", "bob"], id="words before a step"),
        pytest.param("step,a\n7,5\n", "step", [7], id="one row"),
        pytest.param("step,a\n0,5\n0,6\n", None, None, id="step stands still"),
        pytest.param("step,a\n2,5\n1,6\n", None, None, id="step falls"),
        pytest.param("step,a\n1,5\n,6\n2,7\n", None, None, id="step with a gap"),
        pytest.param("stepsize,a\n1,5\n2,6\n", None, None, id="not a name of steps"),
        pytest.param("1,5\n2,6\n", None, None, id="no names"),
        pytest.param("Matchday,a\n1,5\n2,6\n5,7\n", "Matchday", [1, 2, 5], id="a first column that counts"),
        pytest.param("t,a\n0,5\n0.5,6\n", "t", [0, 0.5], id="time in fractions"),
        pytest.param("id,a\n7,5\n", "id", [7], id="one row that is counted"),
        pytest.param("n,a\n0.5,5\n1,6\n", None, None, id="a number of things in fractions"),
        pytest.param("n,a\n3,5\n3,6\n4,7\n", None, None, id="a number of things that stands still"),
        pytest.param("n,a\n3,5\n,6\n4,7\n", None, None, id="a number of things with a gap"),
        pytest.param("t,a\n2,5\n1,6\n", None, None, id="time that falls"),
        pytest.param("a,id\n5,1\n9,2\n", None, None, id="an id that is not first"),
        pytest.param("epoch\n1\n2\n", None, None, id="only column"),
    ],
)
def test_the_index_is_found_by_rule(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, name: str | None, labels: list[object] | None
) -> None:
    with caplog.at_level(logging.INFO):
        history = read_text(tmp_path, content)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    if name is None:
        assert history.index_name == "row"
        assert history.labels.tolist() == list(range(1, len(history) + 1))
        assert not told
    else:
        assert history.index_name == name
        assert name not in history.columns
        assert history.labels.tolist() == labels
        assert told == [f"log.csv: the column {name!r} labels the rows"]


@pytest.mark.parametrize(
    "name",
    ["t", "i", "n", "id", "index", "idx", "iter", "frame", "row", "round", "game", "match", "matchday", "gameweek",
     "season", "week", "day", "month", "quarter", "hour", "minute", "second", "batch", "trial", "generation", "episode",
     "sample", "tick", "cycle", "Id"],
)  # fmt: skip
def test_a_first_column_that_rises_labels_the_rows_by_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    history = read_text(tmp_path, f"{name},a\n1,5\n2,9\n3,6\n")
    assert (history.index_name, history.columns, caplog.records) == (name, ("a",), [])
    turned = read_text(tmp_path, f"{name},a,b\n1,5,6\n2,9,7\n3,6,8\n", transpose=True)
    assert (turned.columns, turned.labels.tolist()) == (("1", "2", "3"), ["a", "b"])


def test_a_counter_by_its_name_alone_goes_before_one_that_is_first(tmp_path: Path) -> None:
    history = read_text(tmp_path, "id,year,a\n1,1990,5\n2,1991,6\n")
    assert (history.index_name, history.columns) == ("year", ("a",))
    history = read_text(tmp_path, "id,year,a\n1,1990,5\n2,1990,6\n3,1991,7\n")
    assert (history.index_name, history.columns) == ("id", ("a",))


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("Spieltag,a\n1,5\n2,9\n3,6\n", {}, True),
        ("Spieltag,a\n0,5\n1,9\n2,6\n", {}, True),
        ("Spieltag,a\n2,5\n3,9\n4,6\n", {}, False),
        ("Spieltag,a\n1,5\n2,9\n4,6\n", {}, False),
        ("Spieltag,a\n1,5\n2,9\n", {}, False),
        ("Spieltag\n1\n2\n3\n", {}, False),
        ("1,5\n2,9\n3,6\n", {}, False),
        ("Spieltag,a\n1,5\n2,9\n3,6\n", {"index": "none"}, False),
        ("Spieltag,a\n1,5\n2,9\n3,6\n", {"index": "Spieltag"}, False),
        ("Spieltag,a\n1,5\n2,9\n3,6\n", {"columns": "Spieltag,a"}, False),
        ("Spieltag,year,a\n1,1990,5\n2,1991,9\n3,1992,6\n", {}, False),
    ],
)
def test_a_first_column_that_counts_the_rows_and_is_drawn_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, options: dict[str, str], told: bool
) -> None:
    read_text(tmp_path, content, **options)
    line = (
        "log.csv: the first column, 'Spieltag', counts the rows and is drawn as data; -x 'Spieltag' makes it the index"
    )
    assert [record.getMessage() for record in caplog.records] == [line] * told


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2024-02", "2024-02-01"),
        ("2024-02-29", "2024-02-29"),
        ("2024-02-29T12:30", "2024-02-29T12:30"),
        ("2024-02-29 12:30:05", "2024-02-29T12:30:05"),
        ("2024-02-29T12:30:05.25Z", "2024-02-29T12:30:05.25"),
        ("1850-01-01", "1850-01-01"),
        ("2024-01-01 00:00:00+00:00", "2024-01-01"),
        ("2024-01-01T01:00:00+01:00", "2024-01-01"),
        ("2024-01-01 00:30:00.5 -0330", "2024-01-01T04:00:00.5"),
        ("2024-01-01 00:00+02", "2023-12-31T22:00"),
        ("2024/01/05", "2024-01-05"),
        ("2024/1/5", "2024-01-05"),
        ("2024/01/05 12:30:05", "2024-01-05T12:30:05"),
        ("2024/1/5T12:30Z", "2024-01-05T12:30"),
    ],
)
def test_dates_label_the_rows_as_dates(tmp_path: Path, cell: str, date: str) -> None:
    history = read_text(tmp_path, f"when,a\n2023-12-31,1\n{cell},2\n")
    assert history.index_name == "when"
    assert history.labels.dtype.kind == "M"
    assert history.labels[1] == np.datetime64(date)


def test_dates_label_the_rows_of_a_file_without_names(tmp_path: Path) -> None:
    history = read_text(tmp_path, "2024-01-01,1\n2024-01-02,2\n")
    assert history.index_name == "row"
    assert [history.label(row) for row in (0, 1)] == ["2024-01-01", "2024-01-02"]


def test_the_hour_that_a_clock_repeats_is_read_as_two(tmp_path: Path) -> None:
    cells = "2023-10-29 02:30:00+02:00", "2023-10-29 02:30:00+01:00"
    history = read_text(tmp_path, f"when,a\n{cells[0]},1\n{cells[1]},2\n")
    assert [history.label(row) for row in (0, 1)] == ["2023-10-29 00:30", "2023-10-29 01:30"]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("10.03.2024", "11.03.2024"), True),
        (("2/14/2024", "2/15/2024"), True),
        (("5-1-24 7:30", "2024-01-06"), True),
        (("2024.01.05", "2024.01.06"), True),
        (("00:05:30", "0:06"), True),
        (("10.03.2024", "later"), False),
        (("2009/10", "2010/11"), False),
        (("1.0.11", "1.0.12"), False),
        (("10.0.0.1", "10.0.0.2"), False),
        (("2024-01-01", "2024-01-02"), False),
    ],
)
def test_words_that_look_like_dates_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cells: tuple[str, str], told: bool
) -> None:
    history = read_text(tmp_path, f"when,a\n{cells[0]},1\n{cells[1]},2\n")
    line = (
        "log.csv: the labels look like dates but are read as words, and rows are drawn equally far apart; "
        "write dates as 2024-03-10"
    )
    assert [record.getMessage() for record in caplog.records] == [line] * told
    assert history.labels.tolist() == list(cells) or not told


def test_dates_in_words_stay_words(tmp_path: Path) -> None:
    history = read_text(tmp_path, "when,a\n2024-01-01,1\nlater,2\n")
    assert history.labels.tolist() == ["2024-01-01", "later"]


@pytest.mark.parametrize(
    ("options", "index_name", "labels", "columns", "values"),
    [
        pytest.param({"index": "none"}, "row", [1, 2], ("step", "a", "b"), [[1, 9, 3], [2, 8, 5]], id="no index"),
        pytest.param({"index": "a"}, "a", [9, 8], ("step", "b"), [[1, 3], [2, 5]], id="index by name"),
        pytest.param({"index": 2}, "b", [3, 5], ("step", "a"), [[1, 9], [2, 8]], id="index by number"),
        pytest.param({"columns": "b"}, "step", [1, 2], ("b",), [[3], [5]], id="column by name"),
        pytest.param({"columns": 1}, "step", [1, 2], ("a",), [[9], [8]], id="column by number"),
        pytest.param({"columns": "b, 1"}, "step", [1, 2], ("b", "a"), [[3, 9], [5, 8]], id="columns in their order"),
        pytest.param({"columns": ("b", "a")}, "step", [1, 2], ("b", "a"), [[3, 9], [5, 8]], id="columns as a tuple"),
        pytest.param({"index": "b", "columns": "b"}, "b", [3, 5], ("b",), [[3], [5]], id="index drawn too"),
        pytest.param({"rows": "1:", "columns": "a"}, "step", [2], ("a",), [[8]], id="rows"),
    ],
)
def test_index_and_columns_are_picked(
    tmp_path: Path,
    options: dict[str, object],
    index_name: str,
    labels: list[object],
    columns: tuple[str, ...],
    values: list[list[float]],
) -> None:
    history = read_text(tmp_path, "step,a,b\n1,9,3\n2,8,5\n", **options)
    assert history.index_name == index_name
    assert history.labels.tolist() == labels
    assert history.columns == columns
    assert history.values.tolist() == values


def test_a_column_is_found_by_its_name_before_its_number(tmp_path: Path) -> None:
    assert read_text(tmp_path, "1,0\n5,6\n", header=True, columns="0").values.tolist() == [[6]]


def test_columns_may_be_numbers_in_a_list(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a,b,c\n1,2,3\n", columns=[2, 0]).columns == ("c", "a")


def test_a_number_of_5000_digits_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no column"):
        read_text(tmp_path, "a,b\n1,2\n", columns="1" * 5000)


def test_a_column_of_words_may_label_the_rows(tmp_path: Path) -> None:
    history = read_text(tmp_path, "a,note\n1,x\n2,\n", index="note")
    assert history.labels.tolist() == ["x", ""]
    assert history.columns == ("a",)


def test_columns_that_are_not_drawn_need_no_numbers(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a,note\n1,x\n2,y\n", columns="a").values.tolist() == [[1], [2]]


@pytest.mark.parametrize("option", ["columns", "index"])
def test_an_unknown_column_is_told_what_there_is(tmp_path: Path, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_text(tmp_path, "a,b\n1,2\n", **{option: "los"})
    assert caught.value.sentence == "log.csv: there is no column 'los'; the columns are 'a', 'b'"


def test_the_list_of_columns_is_shortened(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_text(tmp_path, ",".join(["a", *"12345678"]) + "\n" + ",".join("123456789") + "\n", columns="9")
    known = "'a', '1', '2', '3', '4', '5', '6', '7', …"
    assert caught.value.sentence == f"log.csv: there is no column '9'; the columns are {known}"


def test_an_index_alone_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a\n1\n2\n", index="a").sentence == "log.csv: there is no column beside the index"


def test_only_gaps_in_rows_that_are_shown_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_text(tmp_path, "a,b\n1,\n2,3\n", rows="1:")
    assert not caplog.records


def test_transpose_reads_columns_as_rows(tmp_path: Path) -> None:
    turned = read_text(tmp_path, "step,1,2,3\nloss,5,6,7\nacc,8,9,10\n", transpose=True)
    assert turned.columns == ("loss", "acc")
    assert turned.index_name == "step"
    assert turned.labels.tolist() == [1, 2, 3]
    assert turned.values.tolist() == [[5, 8], [6, 9], [7, 10]]


def test_transpose_of_numbers_keeps_all_of_them(tmp_path: Path) -> None:
    assert read_text(tmp_path, "1,2,3\n4,5,6\n", transpose=True).values.tolist() == [[1, 4], [2, 5], [3, 6]]


def test_a_ragged_row_is_told_before_the_table_is_transposed(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a,1,2\nb,3\n", transpose=True)
    assert error.sentence == "log.csv: line 2: 2 cells where line 1 has 3"


def test_the_history_bears_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "run.7.CSV").write_text("1\n2\n")
    assert read(tmp_path / "run.7.CSV").name == "run.7"


def test_a_path_that_is_no_history_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "log.xlsx").write_bytes(b"PK")
    for name, sentence in (
        ("missing.csv", "there is no file "),
        ("folder.csv", " is a folder that holds no picture"),
        ("log.xlsx", ": its suffix is none of .csv, .tsv, .png"),
    ):
        with pytest.raises(UsageError) as caught:
            read(tmp_path / name)
        assert sentence in caught.value.sentence


def test_an_option_of_another_format_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(UsageError, match="the option 'delimiter' belongs to csv, which is not used here"):
        read(tmp_path / "a.npy", delimiter=",")


MATRICES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.floats(width=64), min_size=width, max_size=width), min_size=1, max_size=6)
)


def written(rows: list[list[str]], delimiter: str, line_end: str, quoting: int, encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return text.getvalue().encode(encoding)


@settings(max_examples=100, deadline=None)
@given(
    matrix=MATRICES.filter(lambda matrix: np.isfinite(matrix).any()),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    forced=st.booleans(),
)
def test_any_matrix_that_the_csv_module_writes_is_read_back(
    folder: Path, matrix: list[list[float]], delimiter: str, line_end: str, quoting: int, encoding: str, forced: bool
) -> None:
    rows = [[repr(number) for number in row] for row in matrix]
    content = written(rows, delimiter, line_end, quoting, encoding)
    values = read_text(folder, content, **({"delimiter": delimiter} if forced else {})).values
    expected = np.array(matrix)
    expected[~np.isfinite(expected)] = np.nan
    assert np.array_equal(values, expected, equal_nan=True)
    assert np.array_equal(np.signbit(values[expected == 0]), np.signbit(expected[expected == 0]))


NAMES = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
    .filter(lambda name: name == name.strip())
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    delimiter=st.sampled_from(",;\t|:"),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_names_are_read_back(folder: Path, names: list[str], delimiter: str, line_end: str) -> None:
    rows = [names, [str(number) for number in range(len(names))]]
    content = written(rows, delimiter, line_end, csv.QUOTE_ALL, "utf-8")
    history = read_text(folder, content, delimiter=delimiter, header=True, index="none")
    assert history.columns == tuple(name.replace("\r\n", "\n").replace("\r", "\n") for name in names)
    assert history.values.tolist() == [list(range(len(names)))]


@pytest.mark.parametrize("first", ["10.03.2024", "2/15/2024", "00:05:30"])
def test_a_first_line_that_begins_with_a_date_of_another_form_is_no_header(tmp_path: Path, first: str) -> None:
    (tmp_path / "a.csv").write_text(f"{first};1.5\n{first};2.5\n")
    history = read(tmp_path / "a.csv")
    assert history.values.tolist() == [[1.5], [2.5]]
    assert list(history.labels) == [first, first]
