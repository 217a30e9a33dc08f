"""The documents and tables that are written from the catalog and from what was measured."""
