-- Requests. `body` is the whole row as JSON; the columns are what is searched. Times are milliseconds.
CREATE TABLE request (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, asker TEXT, tool TEXT, target TEXT, environment TEXT,
  platform TEXT NOT NULL, channel TEXT NOT NULL, words TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, start_by INTEGER,
  version INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX request_open ON request (state, id) WHERE state IN ('received', 'waiting', 'approved', 'started');

CREATE TABLE vote (
  request TEXT NOT NULL REFERENCES request (id), person TEXT NOT NULL, identity TEXT NOT NULL, choice TEXT NOT NULL,
  binding TEXT NOT NULL, verify TEXT NOT NULL, note TEXT, at_ms INTEGER NOT NULL,
  PRIMARY KEY (request, person)
) STRICT;

CREATE TABLE job (
  request TEXT PRIMARY KEY REFERENCES request (id), state TEXT NOT NULL, repeat TEXT NOT NULL,
  idempotency_key TEXT NOT NULL, target TEXT NOT NULL, saved TEXT NOT NULL, started_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_one_running ON job (target) WHERE state <> 'ended';

-- Deliveries seen, so that a second one of the same event starts nothing.
CREATE TABLE inbox (
  platform TEXT NOT NULL, event_id TEXT NOT NULL, request TEXT,
  PRIMARY KEY (platform, event_id)
) STRICT, WITHOUT ROWID;

-- Stop signs. `service` is empty for the environment as a whole. The generation grows with each change.
CREATE TABLE held_lock (
  request TEXT NOT NULL, environment TEXT NOT NULL, service TEXT NOT NULL, reason TEXT NOT NULL, held_by TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER,
  PRIMARY KEY (request, environment, service)
) STRICT;
CREATE TABLE lock_generation (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL) STRICT;
INSERT INTO lock_generation (id, generation) VALUES (1, 0);
