"""The ground floor: records, taxonomy, tables and the queries that read and write them."""
