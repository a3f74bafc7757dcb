"""The command `sluis`. Errors of this program end in one line on standard error and exit code 1.

Every command imports its heavy rooms when it runs, not when it is defined: whoever lists people need not wait for a
web server, and the process that serves never loads torch.
"""

import logging
import sys

import typer
from rich.markup import escape

from catalog.errors import Invalid, SluisError
from sluis.commands import (
    articles,
    audit,
    bench,
    certificate,
    demo,
    embed,
    encode,
    estimate,
    evaluate,
    events,
    experiment,
    explain,
    export,
    feed,
    history,
    ingest,
    init,
    keys,
    learn,
    library,
    models,
    oidc,
    people,
    picks,
    review,
    scim,
    serve,
    sources,
    taxonomy,
    train,
    vocabulary,
    webhooks,
)
from sluis.console import err

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.add_typer(sources.app, name="source")
app.add_typer(articles.app, name="article")
app.add_typer(review.app, name="review")
app.add_typer(certificate.app, name="certificate")
app.add_typer(library.app, name="library")
app.add_typer(people.app, name="people")
app.add_typer(picks.app, name="picks")
app.add_typer(vocabulary.app, name="vocabulary")
app.add_typer(history.app, name="history")
app.add_typer(events.app, name="event")
app.add_typer(models.app, name="models")
app.add_typer(experiment.app, name="experiment")
app.add_typer(scim.app, name="scim")
app.add_typer(keys.app, name="key")
app.add_typer(oidc.app, name="oidc")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(audit.app, name="audit")
app.add_typer(bench.app, name="bench")
models.app.command("estimate")(estimate.estimate)
models.app.command("explain")(explain.explain)
app.command("init")(init.init)
app.command("taxonomy")(taxonomy.taxonomy)
app.command("ingest")(ingest.ingest)
app.command("enrich")(ingest.enrich)
app.command("embed")(embed.embed)
app.command("work")(ingest.work)
app.command("encode")(encode.encode)
app.command("feed")(feed.feed)
app.command("learn")(learn.learn)
app.command("train")(train.train)
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("serve")(serve.serve)
app.command("deliver")(webhooks.deliver)
app.command("demo")(demo.demo)


@app.callback()
def sluis() -> None:
    """Sluis: the right article to the right job function, and to nobody else."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def main() -> None:
    """Run the command line."""
    try:
        if any(not word.isprintable() for word in sys.argv):
            raise Invalid("a word of this command has characters that cannot be printed: type it again, in UTF-8")
        app()
    except SluisError as error:
        err.print(f"[bold red]error[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
