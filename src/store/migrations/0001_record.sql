-- The record. `body` is canonical JSON and the bytes of the leaf; the columns beside it are copies for queries.
CREATE TABLE audit_event (
  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL,
  request_id TEXT, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_event_request ON audit_event (request_id, epoch, seq) WHERE request_id IS NOT NULL;

-- The hashes of all complete subtrees, in the dense order of RFC 6962 logs.
CREATE TABLE audit_tree (
  epoch INTEGER NOT NULL, pos INTEGER NOT NULL, h BLOB NOT NULL,
  PRIMARY KEY (epoch, pos)
) STRICT, WITHOUT ROWID;

-- One row, replaced: a head that is kept would let somebody cut the record back to it.
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL
) STRICT;

-- What was exported, and where to.
CREATE TABLE audit_checkpoint (
  epoch INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, sink TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, size, sink)
) STRICT;

-- Raw messages, model answers and outputs. The entry holds a salted commitment, so a row here may be taken away.
CREATE TABLE audit_payload (
  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, salt BLOB NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (epoch, seq, name)
) STRICT;

-- A tripwire against our own bugs; what keeps others honest is the signed head.
CREATE TRIGGER audit_event_kept BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_event_stays BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_tree_kept BEFORE UPDATE ON audit_tree BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_tree_stays BEFORE DELETE ON audit_tree BEGIN SELECT RAISE(ABORT, 'append-only'); END;
