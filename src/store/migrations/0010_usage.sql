-- What figures need of a request, so that they do not have to read its body.
ALTER TABLE request ADD COLUMN way TEXT NOT NULL DEFAULT 'none';
ALTER TABLE request ADD COLUMN reason TEXT;
ALTER TABLE request ADD COLUMN rules TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN asked_at INTEGER;
ALTER TABLE request ADD COLUMN finished_at INTEGER;
ALTER TABLE request ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN cost_micros INTEGER NOT NULL DEFAULT 0;
CREATE INDEX vote_at ON vote (at_ms);

-- What requests are found by: a term per property and per word. It is brought up to date behind the writes.
CREATE TABLE request_term (
  term TEXT NOT NULL, request TEXT NOT NULL,
  PRIMARY KEY (term, request)
) STRICT, WITHOUT ROWID;
ALTER TABLE request ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX request_fresh ON request (id) WHERE indexed = 0;
ALTER TABLE request DROP COLUMN words;
