"""`sluis source …`: where articles come from, how well each source does, and what it is good for."""

import typer

from sluis.commands.sources.change import add, edit, pause, resume
from sluis.commands.sources.exchange import export_sources, import_sources
from sluis.commands.sources.health import list_sources, show_source, stats
from sluis.commands.sources.preview import check

app = typer.Typer(help="Add, list, check and judge the sources that are read.", no_args_is_help=True)
app.command("add")(add)
app.command("check")(check)
app.command("list")(list_sources)
app.command("show")(show_source)
app.command("stats")(stats)
app.command("edit")(edit)
app.command("pause")(pause)
app.command("resume")(resume)
app.command("import")(import_sources)
app.command("export")(export_sources)
