"""What the app remembers: SQLite for rows, a folder of content-addressed blobs. The only SQL."""
