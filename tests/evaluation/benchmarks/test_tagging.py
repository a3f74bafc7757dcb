"""The benchmark of tags, on files of a few lines: which text belongs where, and that everything is measured."""

import csv
import gzip
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from catalog import taxonomy
from evaluation.benchmarks.tagging import Prototypes, measure
from evaluation.benchmarks.texts import NoData, read
from models.hashing import HashingEncoder
from models.tagger_fit import fit

SHIPPED = taxonomy.load()
KEPT = {
    "topic": ("sport", "health", "religion"),
    "function": ("marketing-communications", "it-software", "sales"),
    "industry": ("media-publishing", "telecom-it", "wholesale-retail"),
}
TAXONOMY = replace(SHIPPED, facets={facet: {one: SHIPPED.concept(facet, one) for one in KEPT[facet]} for facet in KEPT})
"""As much of the vocabulary as the files below speak of: it is learned in a moment."""
SENTENCES = [("sport", "The match ended in a draw"), ("health", "The vaccine was tested on adults")]


@pytest.fixture
def data(tmp_path):
    """The files that are read, in the form they have."""
    folder = tmp_path / "taxonomy"
    folder.mkdir()
    (tmp_path / "sib200").mkdir()
    for language in ("nl", "en"):
        rows = [
            ("iscoGroup", "description"),
            ("2431", f"advertises {language}"),
            ("2512", "writes"),
            ("0110", "fights"),
        ]
        write_csv(folder / f"esco-occupations-{language}.csv.gz", rows)
    industries = [
        ("1", "J", "section"),
        ("2", "59", "film"),
        ("4", "62.01", "software"),
        ("3", "45.1", "cars"),
        ("4", "01.11", ""),
    ]
    write_csv(folder / "nace-rev2-nl.csv.gz", [(level, code, "", "", note, "", "") for level, code, note in industries])
    broader = [("15000000", []), ("20000822", ["15000000"]), ("20000823", ["20000822"])]
    concepts = [{"definition": {"en-GB": code}, "broader": [f"http://x/{b}" for b in above]} for code, above in broader]
    (folder / "iptc-mediatopics-2019.json.gz").write_bytes(gzip.compress(json.dumps({"conceptSet": concepts}).encode()))
    with zipfile.ZipFile(tmp_path / "sib200" / "sib200-nl-en.zip", "w") as archive:
        lines = "".join(f"{number}\t{topic}\t{text}\n" for number, (topic, text) in enumerate(SENTENCES))
        for language in ("nld_Latn", "eng_Latn"):
            for part in ("train", "test"):
                archive.writestr(f"data/annotated/{language}/{part}.tsv", f"index_id\tcategory\ttext\n{lines}")
    return tmp_path


def write_csv(path, rows):
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    path.write_bytes(gzip.compress(written.getvalue().encode()))


def test_codes_say_where_a_text_belongs(data):
    belongs = {each.name: dict(zip(each.texts, each.concepts, strict=True)) for each in read(data, TAXONOMY).labelled}
    assert belongs["job descriptions, nl"] == {"advertises nl": "marketing-communications", "writes": "it-software"}
    assert belongs["industry notes, en"] == {
        "film": "media-publishing",
        "software": "telecom-it",
        "cars": "wholesale-retail",
    }
    assert belongs["topic definitions, en"] == {"20000822": "sport"}


def test_everything_is_measured(data):
    encoder = HashingEncoder()
    texts = read(data, TAXONOMY)
    found = measure(texts, TAXONOMY, encoder, fit(TAXONOMY, encoder), encoder.encode, lambda _: None)
    by_name = {figure.name: figure for figure in found}
    assert len(by_name) == 8 + 4 + 3 * 2 + 4  # the latter: calibration of headlines, and of the labelled texts
    assert by_name["SIB-200, en to nl"].ours == 1.0  # here the two languages are the same
    assert {by_name[each.name].peer for each in texts.labelled} == {"nearest prototype"}
    assert all(0 <= figure.ours <= 1 for figure in found if figure.unit in ("macro-F1", "accuracy"))
    assert by_name["encoding"].ours > 0
    assert by_name["tagging 10000 vectors"].ratio > 0


def test_a_prototype_is_the_middle_of_all_headlines():
    encoder = HashingEncoder()
    concepts = TAXONOMY.facets["industry"]
    prototypes = Prototypes.of(concepts, encoder, lambda _: None)
    headlines = [text for texts in concepts["telecom-it"].examples.values() for text in texts]
    middle = encoder.encode(headlines).mean(axis=0)
    place = list(concepts).index("telecom-it")
    assert prototypes.rows[place] == pytest.approx(middle / np.linalg.norm(middle), abs=1e-6)
    assert prototypes.nearest(prototypes.rows) == list(concepts)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NoData, match=r"esco-occupations-nl.csv.gz: name the folder .* --data"):
        read(tmp_path, TAXONOMY)
