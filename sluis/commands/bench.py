"""`sluis bench …`: our figures beside the peers', and the gate that keeps their quality.

`all` and `gate` run each benchmark as its own process, so that torch and LightGBM never meet.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from catalog.clock import utcnow
from catalog.database import Database
from catalog.errors import Invalid, Unavailable
from catalog.ids import TenantId
from evaluation import floors
from evaluation.benchmarks.figures import Figure
from models.registry import Registry
from sluis.console import AsJson, err, out, print_json, progress, show
from sluis.settings import Settings
from sluis.wiring import open_house

if TYPE_CHECKING:
    from evaluation.benchmarks.retold import Told
    from evaluation.benchmarks.start import Installation
    from evaluation.calibration import Bin

app = typer.Typer(help="Measure ours beside the peers, in one run.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="The folder with real data; see docs/benchmarks.md.")]

BENCHMARKS: Final = (
    *("tagging", "decisions", "certificate", "serving", "stages", "state", "start", "api", "events"),
    *("learning", "training", "bias", "ranking"),
    *("extraction", "ingest", "stories", "enrichment"),
)
NEED_DATA: Final = frozenset({"tagging", "decisions", "ranking", "extraction", "stories"})

_PROGRAM: Final = (sys.executable, "-m", "sluis.main")


class BenchmarkFailed(Unavailable):
    """A benchmark did not come to an end."""

    code = "benchmark_failed"


@app.command()
def tagging(data: Data = None, *, as_json: AsJson = False) -> None:
    """Encoder and taggers on real texts that they have not learned from, and how quick they are."""
    from evaluation.benchmarks import texts

    house = open_house()
    words = house.taxonomy
    told = texts.read(_required(data), words)  # before torch is loaded: what is missing is said at once
    from evaluation.benchmarks import tagging as benchmark

    encoder = house.encoder()
    taggers = house.unborrowed_taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
    if taggers.taxonomy != words.digest:
        err.print("imported standards are left out: this benchmark asks about their very texts")
    with progress("Encoding", None) as tick:
        found = benchmark.measure(told, words, encoder, taggers, encoder.model.encode, tick)
    _show(found, as_json)


@app.command()
def certificate(*, as_json: AsJson = False) -> None:
    """Whether certificates and their audit keep what they promise, in made-up worlds where the truth is known."""
    from evaluation.benchmarks import certificate as benchmark
    from models.certificate import CertificateOptions

    trials = benchmark.Trials()
    with progress("Calibrations", trials.steps) as tick:
        found = benchmark.measure(trials, CertificateOptions(), tick)
    _show(found, as_json)


@app.command()
def bias(*, as_json: AsJson = False) -> None:
    """Whether the ranker sees through position bias, on simulated people who seldom look far down a list."""
    from evaluation.benchmarks import position_bias as benchmark

    options = benchmark.BiasOptions()
    with progress("Simulating days", options.steps) as tick:
        found = benchmark.measure(options, tick)
    _show(found, as_json)


@app.command()
def ranking(
    name: Annotated[str, typer.Argument(help="Which log of reading: deskdrop, mind, ebnerd or own.")] = "deskdrop",
    data: Data = None,
    *,
    test_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day that is asked about; by default the last fifth is."),
    ] = None,
    refit_days: Annotated[float, typer.Option(min=0.1, help="After how many days the ranker is learned again.")] = 7.0,
    ablation: Annotated[bool, typer.Option(help="Also learn without each group of features; takes long.")] = False,
    as_json: AsJson = False,
) -> None:
    """The ranker on what people read next, asked before it is told, beside what else could rank."""
    from evaluation.benchmarks import impressions
    from evaluation.benchmarks import ranking as benchmark
    from evaluation.benchmarks.prequential import Protocol, last_fifth
    from evaluation.loaders import named

    engagement = named.load(name, _required(data))
    protocol = Protocol(refit=timedelta(days=refit_days))
    if test_from is not None:
        protocol = replace(protocol, test_from=test_from.replace(tzinfo=UTC))
    elif name != "deskdrop":  # which has a window of its own, that figures elsewhere are told for
        protocol = replace(protocol, test_from=last_fifth(engagement))
    if engagement.impressions and ablation:
        raise Invalid("--ablation is for logs without lists that were shown, such as deskdrop")
    steps = len(engagement.impressions) or len(engagement.events)
    with progress("Reading along, then learning", steps) as tick:
        if engagement.impressions:
            found = impressions.measure(engagement, protocol, tick)
        else:
            found = benchmark.measure(engagement, protocol, tick, ablation=ablation)
    _show(found, as_json)


@app.command()
def decisions(data: Data = None, *, as_json: AsJson = False) -> None:
    """What curators' decisions add to the tags, and how long learning from very many takes."""
    from evaluation.benchmarks import texts

    house = open_house()
    told = texts.decided_on(_required(data), house.taxonomy)
    from evaluation.benchmarks import decisions as benchmark

    encoder = house.encoder()
    taggers = house.unborrowed_taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
    with progress("Encoding, then deciding", None) as tick:
        found = benchmark.measure(told, house.taxonomy, encoder, taggers, benchmark.DecisionOptions(), tick)
    _show(found, as_json)


@app.command()
def reliability(
    folder: Annotated[Path, typer.Option("--out", help="The folder that the plots are written to.")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Whether probabilities mean what they say: a row and a curve per facet, language and set of texts."""
    from evaluation.benchmarks import texts

    house = open_house()
    told = texts.read(_required(data), house.taxonomy).labelled
    from evaluation.benchmarks import reliability as benchmark
    from evaluation.charts import draw_reliability

    folder.mkdir(parents=True, exist_ok=True)
    encoder = benchmark.Remembered(house.encoder())
    taggers = house.taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
    with progress("Encoding", None) as tick:
        judged = benchmark.unseen(house.taxonomy, encoder, tick)
        judged += [benchmark.judge(known, house.taxonomy, taggers, encoder.encode(known.texts, tick)) for known in told]
    panels: dict[tuple[str, str], dict[str, list[Bin]]] = {}
    for each in judged:
        panels.setdefault((each.language, each.facet), {})[each.name] = each.likeliest
    draw_reliability(folder / "reliability.svg", panels)
    rows = [each.to_row() for each in judged]
    if as_json:
        print_json(rows)
        return
    show(rows)
    out.print(f"plots: {folder / 'reliability.svg'}", soft_wrap=True)


@app.command()
def serving(*, as_json: AsJson = False) -> None:
    """A fresh slate, a standing one and stored picks over 10,000 live articles, and how soon an event tells."""
    from evaluation.benchmarks import lenskit_peer
    from evaluation.benchmarks import serving as benchmark

    options = benchmark.ServingOptions()
    steps = options.steps + lenskit_peer.steps(options)
    with TemporaryDirectory() as folder, progress("Serving", steps) as tick:
        found = benchmark.measure(Path(folder), options, utcnow(), tick)
        found += lenskit_peer.latency(Path(folder), options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def stages(*, as_json: AsJson = False) -> None:
    """Where the time of a feed goes: retrieval, scoring and the whole, over 10,000 and 100,000 live articles."""
    from evaluation.benchmarks import stages as benchmark

    options = benchmark.StageOptions()
    with progress("Ranking", options.steps) as tick:
        found = benchmark.measure(options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def state(
    people: Annotated[int, typer.Option(min=1, help="How many have done something.")] = 100_000,
    articles: Annotated[int, typer.Option(min=1, help="How many there are to open.")] = 10_000,
    *,
    as_json: AsJson = False,
) -> None:
    """How heavy it is what ranking remembers of people, and how quickly it takes in what they do."""
    from evaluation.benchmarks import memory as benchmark

    options = benchmark.MemoryOptions(people, articles)
    with progress("Taking in the log", options.steps) as tick:
        found = benchmark.measure(options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def start(*, as_json: AsJson = False) -> None:
    """From the start of a server to its first feed."""
    from evaluation.benchmarks import start as benchmark

    options = benchmark.StartOptions()
    with TemporaryDirectory() as folder, progress("Starting", options.steps) as tick:
        found = benchmark.measure(_installation(folder), options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def api(*, as_json: AsJson = False) -> None:
    """Feeds a second and how long each takes, over HTTP, beside the same server with nothing to do."""
    from evaluation.benchmarks import load as benchmark

    options = benchmark.LoadOptions()
    with TemporaryDirectory() as folder, progress("Asking", options.steps) as tick:
        found = benchmark.measure(_installation(folder), options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def events(
    database: Annotated[
        str, typer.Option(help="An empty one of your own; default: SQLite in a temporary folder.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Events a second that are on disk when they are acknowledged, beside bare rows."""
    from evaluation.benchmarks import log as benchmark

    options = benchmark.LogOptions()
    with TemporaryDirectory() as folder, progress("Appending", options.steps) as tick:
        into = Database(database or f"sqlite:///{Path(folder) / 'events.db'}")
        found = benchmark.measure(into, options, utcnow(), tick)
        into.close()
    _show(found, as_json)


@app.command()
def learning(*, as_json: AsJson = False) -> None:
    """The learned ranker beside three that do not learn, on simulated people."""
    from evaluation.benchmarks import learning as benchmark

    options = benchmark.LearningOptions()
    with progress("Days", options.steps) as tick:
        found = benchmark.measure(options, tick)
    _show(found, as_json)


@app.command()
def training(
    slates: Annotated[int, typer.Option(min=500, help="How many slates to learn from.")] = 3000,
    *,
    as_json: AsJson = False,
) -> None:
    """All of `sluis train`, from the log to the registry, beside LightGBM's own fit."""
    from evaluation.benchmarks import training as benchmark

    options = benchmark.TrainOptions(slates=slates)
    with TemporaryDirectory() as folder, progress("Slates, then learning", options.steps) as tick:
        found = benchmark.measure(Path(folder), options, utcnow(), tick)
    _show(found, as_json)


@app.command()
def extraction(data: Data = None, *, as_json: AsJson = False) -> None:
    """The text found on real pages, and what the whole path costs, beside the bare parsers."""
    from evaluation.benchmarks import extraction as benchmark
    from evaluation.benchmarks import path

    pages = benchmark.read(_required(data))
    with TemporaryDirectory() as folder, progress("Pages", None) as tick:
        found = [*benchmark.measure(pages, tick), *path.measure(Path(folder), pages, tick)]
    _show(found, as_json)


@app.command()
def ingest(
    sources: Annotated[int, typer.Option(min=20, max=50_000, help="How many sources, 15 of them bad.")] = 500,
    *,
    as_json: AsJson = False,
) -> None:
    """Hundreds of sources on loopback, with and without some that hang, drip or explode."""
    from evaluation.benchmarks import ingest as benchmark

    options = benchmark.NewsOptions(sources=sources)
    with TemporaryDirectory() as folder, progress("Reading", options.steps) as tick:
        found = benchmark.measure(Path(folder), options, tick)
    _show(found, as_json)


@app.command()
def stories(data: Data = None, *, as_json: AsJson = False) -> None:
    """Which articles are found to tell the same story, beside simpler ways, on stories that are known."""
    from evaluation.benchmarks import retold
    from evaluation.benchmarks import stories as benchmark

    house = open_house()
    told = retold.read(_required(data), _demo_stories())
    encoder = house.encoder()
    with progress("Encoding", None) as tick:
        found = benchmark.measure(told, encoder, house.settings.enrich_options(), tick)
    _show(found, as_json)


@app.command()
def enrichment(*, as_json: AsJson = False) -> None:
    """From stored articles to tagged ones, beside the bare encoder on the same texts."""
    from evaluation.benchmarks import enrichment as benchmark

    house = open_house()
    encoder = house.encoder()
    taggers = house.taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
    options, bare = house.settings.enrich_options(), encoder.model.encode
    with TemporaryDirectory() as folder, progress("Enriching", benchmark.steps()) as tick:
        found = benchmark.measure(Path(folder), _demo_stories(), encoder, taggers, bare, options, utcnow(), tick)
    _show(found, as_json)


@app.command("all")
def everything(data: Data = None, *, as_json: AsJson = False) -> None:
    """All benchmarks, one after the other."""
    found = {name: run(name, data) for name in _possible(BENCHMARKS, data)}
    if as_json:
        print_json({name: [figure.to_row() for figure in figures] for name, figures in found.items()})
        return
    for name, figures in found.items():
        out.print(f"\n[bold]{name}[/]")
        _show(figures, as_json=False)


@app.command()
def gate(data: Data = None) -> None:
    """Compare quality with the pinned floors of evaluation/floors.toml. Fails with a line per floor that is missed."""
    pinned = floors.read()
    lost = [
        f"{name}: {line}" for name in _possible(pinned, data) for line in floors.missed(pinned[name], run(name, data))
    ]
    for line in lost:
        err.print(line, soft_wrap=True)
    if lost:
        raise typer.Exit(1)
    out.print("every floor holds")


def run(name: str, data: Path | None) -> list[Figure]:
    """One benchmark in a process of its own. Raises BenchmarkFailed; what went wrong stands on standard error."""
    where = ["--data", str(data)] if name in NEED_DATA else []
    words = [*_PROGRAM, "bench", name, *where, "--json"]
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE)  # noqa: S603 - our own program with our own words
    if done.returncode:
        raise BenchmarkFailed(f"'sluis bench {name}' ended with {done.returncode}: see above")
    return [Figure.from_row(row) for row in orjson.loads(done.stdout)]


def _demo_stories() -> list["Told"]:
    """The demo's articles, and which of them tell the same story."""
    from evaluation.benchmarks.retold import Told
    from sluis.demo import world

    spoken = {feed.id: feed.language for feed in world.FEEDS}
    return [
        Told(each.title, "\n".join(each.paragraphs), spoken[each.feed], frozenset({each.story or each.slug}), "demo")
        for each in world.stories()
    ]


def _required(data: Path | None) -> Path:
    if data is None:
        raise Invalid("this is measured on real data: name its folder with --data DIR (see docs/benchmarks.md)")
    return data


def _possible(names: Iterable[str], data: Path | None) -> list[str]:
    """Those that can be run; it is said which cannot."""
    left_out = [name for name in names if name in NEED_DATA and data is None]
    for name in left_out:
        err.print(f"{name} is left out: it needs real data, name its folder with --data DIR")
    return [name for name in names if name not in left_out]


def _installation(folder: str) -> "Installation":
    """A house with the default settings, whatever the environment says: nothing of the user's is touched."""
    from evaluation.benchmarks.start import Installation

    others = {name: value for name, value in os.environ.items() if not name.startswith("SLUIS_")}
    settings = Settings.model_construct(data_dir=Path(folder))
    return Installation(
        database=Database(settings.database),
        registry=Registry(settings.artefacts),
        tenant=TenantId(settings.tenant),
        command=(*_PROGRAM, "serve", "--port"),
        environment=others | {"SLUIS_DATA_DIR": folder, "SLUIS_RATE_PER_KEY": "0", "SLUIS_RATE_PER_TENANT": "0"},
    )


def _show(figures: Iterable[Figure], as_json: bool) -> None:
    rows = [figure.to_row() for figure in figures]
    if as_json:
        print_json(rows)
    else:
        show(rows)
