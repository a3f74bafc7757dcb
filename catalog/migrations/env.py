"""How Alembic reaches the database: through the connection that `catalog.schema` hands it, in its transaction."""

from alembic import context

from catalog.schema import described
from catalog.tables_edge import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_type=True,
    include_name=described,
)
with context.begin_transaction():
    context.run_migrations()
