"""`sluis embed`: which encoders the articles have vectors of, and the move to another one."""

from functools import partial
from typing import Annotated, Any

import typer
from rich.markup import escape

from catalog import embeddings, tenants
from catalog.errors import Invalid
from sluis.console import AsJson, counted, out, print_json, progress, show
from sluis.settings import read_settings
from sluis.wiring import House, open_house


def embed(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Read every article, then use the encoder.")] = False,
    encoder: Annotated[
        str | None,
        typer.Option(help="A sentence-transformers name or local folder; default: SLUIS_ENCODER."),
    ] = None,
    drop_old: Annotated[bool, typer.Option(help="With --all: forget the vectors of all other encoders then.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which encoders the articles have vectors of; with --all, move them to another encoder.

    Safe to stop at any moment and to run again. Until all is done everything goes on with the old vectors.
    """
    settings = read_settings()
    house = open_house(settings.model_copy(update={"encoder": encoder}) if encoder else settings)
    if not everything and (encoder or drop_old):
        raise Invalid("add --all to read the articles with this encoder; without it the encoders there are shown")
    done = _move(house, drop_old=drop_old) if everything else {}
    standing = _standing(house)
    if as_json:
        print_json({**done, "encoders": standing})
    elif everything:
        _tell(done, house, settings.encoder)
    else:
        rows = [{**row, "encoder": row["encoder"][:12], "in_use": "yes" if row["in_use"] else ""} for row in standing]
        show(rows, "No article has a vector yet: 'sluis enrich' gives them.")


def _move(house: House, *, drop_old: bool) -> dict[str, Any]:
    from ingest.embed import embed as read
    from ingest.embed import switch

    encoder, options = house.encoder(), house.settings.enrich_options()
    with house.database.read() as connection:
        used = tenants.get(connection, house.tenant).encoder
        left = embeddings.count_missing(connection, house.tenant, encoder.digest)
    with progress("Encoding", left) as tick:
        encoded = read(house.database, house.tenant, encoder, options, tick)
    retagged = 0
    if used != encoder.digest:
        taggers = house.taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
        with progress("Switching", None) as tick:
            retagged = switch(house.database, house.tenant, encoder, taggers, options, tick)
    with house.database.write() as connection:
        dropped = embeddings.drop_others(connection, house.tenant, encoder.digest) if drop_old else 0
    return {"encoded": encoded, "retagged": retagged, "dropped": dropped}


def _standing(house: House) -> list[dict[str, Any]]:
    """A row per encoder, with how many articles lack a vector of it."""
    with house.database.read() as connection:
        used = tenants.get(connection, house.tenant).encoder
        counts = embeddings.by_encoder(connection, house.tenant)
        return [
            {
                "encoder": encoder,
                "vectors": count,
                "missing": embeddings.count_missing(connection, house.tenant, encoder),
                "in_use": encoder == used,
            }
            for encoder, count in sorted(counts.items())
        ]


def _tell(done: dict[str, Any], house: House, usual: str) -> None:
    out.print(
        f"{counted(done['encoded'], 'article')} encoded, {done['retagged']} that wait for a person tagged again, "
        f"{counted(done['dropped'], 'old vector')} dropped"
    )
    if house.settings.encoder != usual:
        out.print(f"From now on: SLUIS_ENCODER={escape(house.settings.encoder)}, for every process that encodes")
