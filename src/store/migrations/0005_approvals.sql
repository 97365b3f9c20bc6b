-- When a run began, to count how many began lately.
ALTER TABLE request ADD COLUMN started_at INTEGER;
CREATE INDEX request_started ON request (started_at) WHERE started_at IS NOT NULL;
CREATE INDEX vote_person ON vote (person, at_ms);

-- What falls due by the clock while a request waits or after it ran. A due one is done and taken away in one transaction.
CREATE TABLE timer (
  request TEXT NOT NULL, kind TEXT NOT NULL, due_at INTEGER NOT NULL,
  PRIMARY KEY (request, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due_at);

-- The policy that was accepted last, as text: a file that allows more does not take its place by a restart.
CREATE TABLE policy_in_force (
  id INTEGER PRIMARY KEY CHECK (id = 1), digest TEXT NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;

-- Runs that went ahead without the usual approvals. Each stays open until somebody else has looked at it.
CREATE TABLE review (
  request TEXT PRIMARY KEY REFERENCES request (id), opened_at INTEGER NOT NULL, closed_at INTEGER, closed_by TEXT, note TEXT
) STRICT;
CREATE INDEX review_open ON review (opened_at) WHERE closed_at IS NULL;
